//! The issuing key, where the configuration says that an HSM has it.

use issuer::AuthorityKey;

use crate::config::Config;
#[cfg(feature = "hsm")]
use crate::config::HsmSettings;

/// The key in the HSM; `None` where the keystore has it.
///
/// # Errors
/// If the HSM is not there, does not open, or has no such key.
#[cfg(feature = "hsm")]
pub fn issuing_key(config: &Config) -> anyhow::Result<Option<AuthorityKey>> {
    use anyhow::Context as _;
    let Some(settings) = &config.authority.hsm else { return Ok(None) };
    let HsmSettings { module, token, key, pin_file } = settings.clone();
    let (pin, changed) =
        first_line(&pin_file).with_context(|| format!("{}", pin_file.display()))?;
    let file = config.data_dir.join(REFUSED);
    let source = format!("{}\n{token}\n{changed}\n", module.display());
    let refused = issuer::RefusedMark { file, source };
    let place = issuer::HsmPlace { module, token, key, pin, refused };
    let key = issuer::HsmKey::open(place);
    Ok(Some(key.with_context(|| format!("authority.hsm_pin_file {}", pin_file.display()))?.into()))
}

/// The file of the data folder that says which PIN was refused: by its file's last change, and by
/// nothing of itself.
#[cfg(feature = "hsm")]
const REFUSED: &str = "hsm-pin-refused";

/// No build without the feature has a configuration that names an HSM.
///
/// # Errors
/// None.
#[cfg(not(feature = "hsm"))]
pub fn issuing_key(_config: &Config) -> anyhow::Result<Option<AuthorityKey>> {
    Ok(None)
}

/// What opens the token, from a file that nobody else can read, and when that was last changed.
#[cfg(feature = "hsm")]
fn first_line(file: &std::path::Path) -> anyhow::Result<(zeroize::Zeroizing<String>, String)> {
    use std::{
        io::Read as _,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    };

    /// The longest file that is read, in bytes.
    const FILE_BYTES_MAX: usize = 1024;
    /// The permissions nobody but the owner may have.
    const OTHERS: u32 = 0o077;

    let file = std::fs::File::open(file)?;
    let about = file.metadata()?;
    let mode = about.permissions().mode();
    let changed = format!("{}.{:09}", about.mtime(), about.mtime_nsec());
    anyhow::ensure!(mode & OTHERS == 0, "others can read it (chmod 0600)");
    // With room for all of it from the start, so that no copy is left behind by growing.
    let mut text = zeroize::Zeroizing::new(String::with_capacity(FILE_BYTES_MAX + 1));
    file.take(FILE_BYTES_MAX as u64).read_to_string(&mut text)?;
    let line = zeroize::Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    anyhow::ensure!(!line.is_empty(), "its first line is empty");
    Ok((line, changed))
}
