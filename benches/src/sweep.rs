//! The daily sweep at the size of a national health service, log-in checks there, and how both grow with
//! the number of holders.
//!
//! The holders and their past are made up (`latchkey simulate --into`); rules, engine, log, vault and
//! files are the product's. Each stage is a process of its own, so that its memory is its own.

mod stages;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
pub(crate) use stages::stage;

/// Sizes, with commas between them, where others are wanted than [`SIZES`].
const SIZES_WANTED: &str = "LATCHKEY_SWEEP_HOLDERS";

/// The sizes that are measured.
const SIZES: &str = "10000,100000,1500000,3000000";

/// The stages, with commas between them, where not all of [`STAGES`] are wanted.
const STAGES_WANTED: &str = "LATCHKEY_SWEEP_STAGES";

/// In this order.
const STAGES: &str = "written,shown,due,cold,warm,checks,killed";

/// A folder that is kept, with what was written into it, for the next time.
const FOLDER_WANTED: &str = "LATCHKEY_SWEEP_FOLDER";

/// The day before which the past ends.
const UNTIL: &str = "2026-03-01";

/// The word that makes this program a stage of its own.
pub(crate) const STAGE: &str = "--stage";

/// Runs every stage at every size; each prints its figures.
pub(crate) fn measure(program: &Path, folder: &Path) -> anyhow::Result<()> {
    let wanted = |name, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let folder = std::env::var_os(FOLDER_WANTED).map_or_else(|| folder.to_owned(), PathBuf::from);
    for size in wanted(SIZES_WANTED, SIZES).split(',') {
        let n_holders: u32 = size.parse().context("a number of holders")?;
        let place = folder.join(size);
        fs::create_dir_all(&place)?;
        let config = configured(&place)?;
        for name in wanted(STAGES_WANTED, STAGES).split(',') {
            match name {
                "written" => write(program, &config, n_holders)?,
                "killed" => kill(&config, n_holders)?,
                name => run(&mut itself(name, &config, n_holders)?)?,
            }
        }
        if std::env::var_os(FOLDER_WANTED).is_none() {
            fs::remove_dir_all(&place)?;
        }
    }
    Ok(())
}

/// The configuration of a server with everything in this folder. Port 0: the system chooses.
fn configured(place: &Path) -> anyhow::Result<PathBuf> {
    let path = place.join("latchkey.toml");
    let at = |name: &str| place.join(name).display().to_string();
    let text = format!(
        "mode = 'production'\ndata_dir = '{}'\nkeystore = {{ dir = '{}' }}\n\
         portal = {{ listen = '127.0.0.1:0' }}\nagents = {{ listen = '127.0.0.1:0' }}\n\
         operator = {{ listen = '127.0.0.1:0' }}\n\
         authority = {{ listen = '127.0.0.1:0', url = 'http://192.0.2.1' }}\n",
        at("data"),
        at("keys"),
    );
    fs::write(&path, text)?;
    Ok(path)
}

/// Their past.
fn write(program: &Path, config: &Path, n_holders: u32) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(["simulate", "--holders", &n_holders.to_string(), "--until", UNTIL, "--into"]);
    run(command.arg(config))
}

/// This program, for one stage.
fn itself(stage: &str, config: &Path, n_holders: u32) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([STAGE, stage]).arg(config).arg(n_holders.to_string());
    Ok(command)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// Kills a sweep when half of it is done, and lets another process end it and look whether everybody has
/// exactly one alert.
fn kill(config: &Path, n_holders: u32) -> anyhow::Result<()> {
    let mut sweep =
        itself("half", config, n_holders)?.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(sweep.stdout.take().context("no output")?).lines();
    let begun = lines.next().context("it did not begin")??;
    let (n_due, _) = begun.split_once(' ').context("how many are due")?;
    let half = n_due.parse::<u64>()? / 2;
    let mut n_recorded = 0;
    while n_recorded < half {
        n_recorded = lines.next().context("it ended before it was killed")??.parse()?;
    }
    sweep.kill()?;
    sweep.wait()?;
    let mut command = itself("resumed", config, n_holders)?;
    run(command.args(begun.split(' ')))
}
