//! The program in its roles, as real processes over one real PostgreSQL: half a server each, restarted one
//! after the other, killed, stopped and let go again, with the database torn from under them.

use std::{
    collections::BTreeMap,
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use stores::cluster::Cluster;
use tests::held::Held;

use super::operator::{configured, latchkey, said};

/// How often something happens to a process or the database; the soak says more.
const ROUNDS: &str = "LATCHKEY_ROLES_ROUNDS";
const ROUNDS_USUAL: u32 = 6;

/// Organisations that are added while something is going on.
const ADDED_A_ROUND: u32 = 2;

/// How often an addition is tried before the service counts as gone: each try waits by itself.
const TRIES_MAX: u32 = 20;

/// One process: its configuration, and the process while it runs.
struct Process {
    role: &'static str,
    config: PathBuf,
    running: Option<Held>,
}

impl Process {
    /// A process with a data folder and ports of its own, and the keys that its role needs.
    fn new(folder: &Path, role: &'static str, number: usize, url: &str) -> Self {
        let at = |name: &str| folder.join(name).display().to_string();
        let name = format!("{role}{number}");
        let keys = if role == "serve" { "serving-keys" } else { "keys" };
        let text = format!(
            "mode = 'production'\ndata_dir = '{}'\nkeystore = {{ dir = '{}' }}\n\
             portal = {{ listen = '127.0.0.1:{}' }}\nagents = {{ listen = '127.0.0.1:0' }}\n\
             operator = {{ listen = '127.0.0.1:0' }}\n\
             authority = {{ listen = '127.0.0.1:0', url = 'http://192.0.2.1' }}\n\
             database = {{ url = '{url}' }}\n",
            at(&name),
            at(keys),
            free_port(),
        );
        let config = folder.join(format!("{name}.toml"));
        fs::write(&config, text).unwrap();
        Self { role, config, running: None }
    }

    fn start(&mut self) {
        let arguments = ["--config", self.config.to_str().unwrap(), self.role];
        self.running = Some(Held::start("latchkey", &arguments, &[], "\"ready\"").unwrap());
    }

    fn kill(&mut self) {
        self.running.take().unwrap().kill().unwrap();
    }

    /// In good order, as a service manager does.
    fn restart(&mut self) {
        drop(self.running.take());
        self.start();
    }

    fn signal(&mut self, name: &str) {
        self.running.as_mut().unwrap().signal(name).unwrap();
    }

    /// True if the organisation is added for certain.
    fn adds(&self, code: &str) -> bool {
        let add = ["organisations", "add", code, "A hospital", "--below", "ROOT"];
        latchkey(&self.config, &add).status.success()
    }

    fn port(&self) -> u16 {
        let text = fs::read_to_string(&self.config).unwrap();
        let (_, after) = text.split_once("portal = { listen = '127.0.0.1:").unwrap();
        after.split('\'').next().unwrap().parse().unwrap()
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A copy of the keys in which those for cards are not.
fn copy_serving_keys(folder: &Path) {
    let (from, to) = (folder.join("keys"), folder.join("serving-keys"));
    tests::desk::copy_folder(&from, &to).unwrap();
    for entry in fs::read_dir(&to).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("card") || name.starts_with("agents-authority") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// Processes that work, the first of which has made keys and log, and then processes that serve.
fn service(folder: &Path, url: &str, n_work: usize, n_serve: usize) -> Vec<Process> {
    let mut processes = Vec::new();
    for number in 0..n_work {
        let mut process = Process::new(folder, "work", number, url);
        process.start();
        processes.push(process);
    }
    said(&processes[0].config, &["organisations", "add", "ROOT", "The root"]);
    copy_serving_keys(folder);
    for number in 0..n_serve {
        let mut process = Process::new(folder, "serve", number, url);
        process.start();
        processes.push(process);
    }
    processes
}

fn url(cluster: &Cluster) -> String {
    tokio::runtime::Runtime::new().unwrap().block_on(cluster.database()).unwrap()
}

#[test]
fn half_a_server_is_refused_over_files_in_a_demonstration_and_in_another_s_folder() {
    let (folder, config) = configured();
    let complaint = |config: &Path, role| {
        let output = latchkey(config, &[role]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    for role in ["serve", "work"] {
        let said = complaint(&config, role);
        assert!(said.contains("database.url") && said.contains("`latchkey all`"), "{said}");
    }
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("'production'", "'demo'")).unwrap();
    let said = complaint(&config, "work");
    assert!(said.contains("a demonstration is one process"), "{said}");
    let url = url(Cluster::shared());
    let mut first = Process::new(folder.path(), "work", 0, &url);
    first.start();
    let said = complaint(&first.config, "work");
    assert!(said.contains("give each process a folder of its own"), "{said}");
}

#[test]
fn a_portal_without_keys_for_cards_answers_while_those_who_work_are_restarted_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut processes = service(folder.path(), &url(Cluster::shared()), 2, 1);
    let page = format!("http://127.0.0.1:{}/log-in", processes[2].port());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let status = || runtime.block_on(reqwest::get(&page)).unwrap().status().as_u16();
    assert_eq!(status(), 200);
    for number in 0..2 {
        processes[number].restart();
        let code = format!("RR{number}");
        assert!(processes[1 - number].adds(&code));
        let listed = said(&processes[number].config, &["organisations", "list"]);
        // The other one has added it; this one has just read the log.
        assert!(listed.contains(&code) || processes[number].adds(&code), "{listed}");
        assert_eq!(status(), 200);
    }
    processes[2].restart();
    assert_eq!(status(), 200);
}

#[test]
fn killed_stopped_and_without_its_database_the_service_loses_and_doubles_nothing() {
    let rounds = env::var(ROUNDS).map_or(ROUNDS_USUAL, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start().unwrap();
    let (n_work, n_serve) = (3, 2);
    let mut processes = service(folder.path(), &url(&cluster), n_work, n_serve);
    let mut added = Vec::new();
    for round in 0..rounds {
        // Each in its turn, and each with everything that can happen to it.
        let victim = round as usize % (n_work + n_serve);
        let what = round as usize / (n_work + n_serve) + round as usize;
        match what % 3 {
            0 => processes[victim].kill(),
            1 => processes[victim].signal("STOP"),
            _ => {
                cluster.stop().unwrap();
                cluster.start_again().unwrap();
            }
        }
        for number in 0..ADDED_A_ROUND {
            let code = format!("R{round}X{number}");
            let others = (0..n_work).filter(|other| *other != victim).cycle();
            let is_added =
                others.take(TRIES_MAX as usize).any(|other| processes[other].adds(&code));
            assert!(is_added, "{code}: nobody takes it");
            added.push(code);
        }
        match what % 3 {
            0 => processes[victim].start(),
            1 => processes[victim].signal("CONT"),
            _ => {}
        }
    }
    for process in &mut processes[..n_work] {
        // Whoever was stopped goes on with what the others have done.
        let known = || said(&process.config, &["organisations", "list"]);
        let all = |listed: &str| added.iter().all(|code| listed.contains(code.as_str()));
        assert!((0..TRIES_MAX).any(|_| all(&known())), "{}", known());
    }
    let export = said(&processes[0].config, &["audit", "export"]);
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for line in export.lines().filter(|line| line.contains("OrganisationAdded")) {
        for code in added.iter().filter(|code| line.contains(&format!("\"{code}\""))) {
            *times.entry(code).or_default() += 1;
        }
    }
    assert!(added.iter().all(|code| times.get(code.as_str()) == Some(&1)), "{times:?}");
}
