//! The real program with its issuing key in an HSM: `SoftHSM2`, from Debian.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, SystemTime},
};

use tests::{
    held::{Folder, Held},
    sandbox::program,
};

/// Where Debian puts the module.
const MODULES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

/// Names `SoftHSM2`'s configuration.
pub(crate) const CONFIGURATION: &str = "SOFTHSM2_CONF";

/// A point on P-384, not compressed: it ends the encoding of a public key.
const POINT_BYTES: usize = 97;

const PIN: &str = "87654321";

/// A folder with a token, and a server's configuration that names it.
pub(crate) struct Installation {
    folder: Folder,
    pub(crate) module: PathBuf,
    port: u16,
}

impl Installation {
    pub(crate) fn make() -> Self {
        let module = MODULES.iter().map(PathBuf::from).find(|module| module.exists());
        let module = module.expect("SoftHSM2 is not there: run ./latchkey test");
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let installation = Self { folder: Folder::new().unwrap(), module, port };
        installation.make_token();
        installation.configure(true);
        installation
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a program says, with the environment that names the token.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        let output = command.env(CONFIGURATION, self.path("softhsm2.conf")).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
        output
    }

    /// As an operator would: a token, and a key pair that is made on it.
    fn make_token(&self) {
        fs::create_dir(self.path("tokens")).unwrap();
        let tokens = self.path("tokens");
        let text = format!("directories.tokendir = {}\n", tokens.display());
        fs::write(self.path("softhsm2.conf"), text).unwrap();
        let label = ["--init-token", "--free", "--label", "latchkey"];
        let pins = ["--so-pin", "12345678", "--pin", PIN];
        self.run("softhsm2-util", &[&label[..], &pins].concat());
        let make = ["--keypairgen", "--key-type", "EC:secp384r1", "--id", "01", "--usage-sign"];
        self.pkcs11(&[&make[..], &["--label", "issuing"]].concat());
    }

    fn pkcs11(&self, arguments: &[&str]) -> Output {
        let module = self.module.to_str().unwrap();
        let token = ["--module", module, "--token-label", "latchkey", "--login", "--pin", PIN];
        self.run("pkcs11-tool", &[&token[..], arguments].concat())
    }

    fn write_pin(&self, text: &str) {
        let mut pin = fs::OpenOptions::new();
        let pin = pin.create(true).write(true).truncate(true).mode(0o600);
        writeln!(pin.open(self.path("pin")).unwrap(), "{text}").unwrap();
    }

    /// The last change of the PIN's file.
    fn pin_changed(&self) -> SystemTime {
        fs::metadata(self.path("pin")).unwrap().modified().unwrap()
    }

    /// The PIN's file was last changed then.
    fn set_pin_changed(&self, at: SystemTime) {
        fs::File::options().write(true).open(self.path("pin")).unwrap().set_modified(at).unwrap();
    }

    /// What `latchkey doctor` says of the issuing key.
    fn doctor(&self) -> String {
        let mut command = Command::new(program("latchkey").unwrap());
        command.arg("--config").arg(self.path("latchkey.toml")).arg("doctor");
        let output = command.env(CONFIGURATION, self.path("softhsm2.conf")).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let key = said.lines().find(|line| line.contains("authority.hsm_key"));
        key.map(str::to_owned).unwrap_or(said)
    }

    fn configure(&self, with_hsm: bool) {
        self.write_pin(PIN);
        let port = self.port;
        let mut text = format!(
            "mode = \"demo\"\ndata_dir = \"{}\"\nportal = {{ listen = \"127.0.0.1:0\" }}\n\
             agents = {{ listen = \"127.0.0.1:0\" }}\noperator = {{ listen = \"127.0.0.1:0\" }}\n\
             [authority]\nlisten = \"127.0.0.1:{port}\"\nurl = \"http://127.0.0.1:{port}\"\n",
            self.path("data").display(),
        );
        if with_hsm {
            write!(
                text,
                "hsm_module = \"{}\"\nhsm_token = \"latchkey\"\nhsm_key = \"issuing\"\n\
                 hsm_pin_file = \"{}\"\n",
                self.module.display(),
                self.path("pin").display(),
            )
            .unwrap();
        }
        fs::write(self.path("latchkey.toml"), text).unwrap();
    }

    /// The server, until a line of its log has this text.
    fn start(&self, ready: &str) -> anyhow::Result<Held> {
        let (config, token) = (self.path("latchkey.toml"), self.path("softhsm2.conf"));
        let arguments = ["--config", config.to_str().unwrap(), "all"];
        let environment: [(&str, &Path); 1] = [(CONFIGURATION, &token)];
        Held::start("latchkey", &arguments, &environment, ready)
    }

    fn fetch(&self, what: &str) {
        let url = format!("http://127.0.0.1:{}/{what}", self.port);
        let answer = reqwest::blocking::get(url).unwrap().bytes().unwrap();
        fs::write(self.path(what), answer).unwrap();
    }
}

/// Programs that were built without the feature say so.
fn is_built_for_hsms(installation: &Installation) -> bool {
    let mut command = Command::new(program("latchkey").unwrap());
    let output =
        command.arg("--config").arg(installation.path("latchkey.toml")).arg("doctor").output();
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let is_built = !String::from_utf8_lossy(&said).contains("this build cannot use an HSM");
    if !is_built {
        eprintln!("not shown here: latchkey was built without the feature `hsm`");
    }
    is_built
}

#[test]
fn the_server_signs_with_a_key_that_an_hsm_has_and_does_not_start_without_it() {
    let installation = Installation::make();
    if !is_built_for_hsms(&installation) {
        return;
    }
    for _ in ["first start", "again"] {
        let server = installation.start("\"ready\"").unwrap();
        for what in ["crl", "chain.p7c", "issuing.cer"] {
            installation.fetch(what);
        }
        drop(server);
        let openssl = |arguments: &[&str]| installation.run("openssl", arguments);
        openssl(&["pkcs7", "-inform", "DER", "-in", "chain.p7c", "-print_certs", "-out", "chain"]);
        // The list is signed by the key that the HSM made.
        let list = ["crl", "-inform", "DER", "-in", "crl", "-CAfile", "chain", "-noout"];
        assert_eq!(String::from_utf8(openssl(&list).stderr).unwrap(), "verify OK\n");
        openssl(&[
            "x509",
            "-inform",
            "DER",
            "-in",
            "issuing.cer",
            "-pubkey",
            "-noout",
            "-out",
            "key",
        ]);
        let certified = openssl(&["pkey", "-pubin", "-in", "key", "-outform", "DER"]).stdout;
        let point = hex::encode(&certified[certified.len() - POINT_BYTES..]);
        let in_hsm = installation.pkcs11(&["--list-objects", "--type", "pubkey"]).stdout;
        let in_hsm = String::from_utf8(in_hsm).unwrap();
        assert!(in_hsm.contains(&point), "{point} in {in_hsm}");
        assert!(installation.path("data/keys/cards-issuing.1.pem").exists());
        assert!(!installation.path("data/keys/cards-issuing.1.key").exists());
    }
    a_wrong_pin_is_tried_once(&installation);
    installation.configure(false);
    installation.start("has no key cards-issuing").unwrap();
}

/// One try for a change of the PIN's file, however often the server or its doctor is started.
fn a_wrong_pin_is_tried_once(installation: &Installation) {
    installation.write_pin("11111111");
    let refused = "the HSM refused the PIN";
    drop(installation.start(refused).unwrap());
    // The right one would open it, in a file that says of itself that nobody has changed it.
    let changed = installation.pin_changed();
    installation.write_pin(PIN);
    installation.set_pin_changed(changed);
    drop(installation.start(refused).unwrap());
    assert!(installation.doctor().contains(refused), "{}", installation.doctor());
    installation.set_pin_changed(changed + Duration::from_secs(1));
    assert!(installation.doctor().contains("is on token"), "{}", installation.doctor());
}
