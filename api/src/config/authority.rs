//! What relying parties see of the cards' authority: where they ask, and what certificates say.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use issuer::{CardProfile, CardProfiles, Pointers};

use super::{Mode, settings::Settings};

/// Most characters of [`AuthoritySettings::url`]: it stands in every certificate, several times.
const URL_CHARACTERS_MAX: usize = 100;

/// Most extended key usages of a profile that are read.
const PURPOSES_MAX: usize = 8;

/// `[authority]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthoritySettings {
    /// `authority.listen`: address of the relying parties' listener (revocation list, OCSP,
    /// authorities' certificates), `127.0.0.1:7404` by default. Plain HTTP, as RFC 5280 §8 wants it:
    /// what it serves is public, and signed.
    pub listen: SocketAddr,
    /// `authority.url`: where relying parties reach that listener; stands in every certificate from
    /// now on, and has to be an address or a whole host name (RFC 5280 §4.2.1.6). Production has to
    /// name one beyond this machine; the demonstration's is where it listens by default.
    pub url: String,
    /// `authority.authentication_purposes`, `authority.signature_purposes` (lists of object
    /// identifiers), `authority.policy` (an object identifier) and `authority.upn_from_email`: what
    /// certificates of cards say beyond what they all say.
    pub profiles: CardProfiles,
    /// `authority.hsm_module`, `hsm_token`, `hsm_key` and `hsm_pin_file`, all or none: the HSM that
    /// has the issuing key. Without, it is in the keystore.
    pub hsm: Option<HsmSettings>,
}

/// Where in an HSM the issuing key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HsmSettings {
    /// `authority.hsm_module`: the PKCS #11 module of the HSM's maker.
    pub module: PathBuf,
    /// `authority.hsm_token`: the token's label.
    pub token: String,
    /// `authority.hsm_key`: the label of the key pair, on P-384.
    pub key: String,
    /// `authority.hsm_pin_file`: a file that nobody else can read, with what opens the token in its
    /// first line.
    pub pin_file: PathBuf,
}

impl AuthoritySettings {
    /// By default.
    pub(super) fn on(listen: SocketAddr) -> Self {
        let url = format!("http://{listen}");
        Self { listen, url, profiles: CardProfiles::default(), hsm: None }
    }

    /// The section; faults are noted.
    pub(super) fn of(settings: &mut Settings, mode: Mode, default: &Self) -> Self {
        const KEY: &str = "authority.url";
        let listen = settings.address("authority.listen", default.listen);
        let given = settings.text(KEY);
        let is_nowhere = given.as_deref().is_none_or(is_here);
        if let Some(Err(what)) = given.as_deref().map(check_url) {
            settings.fault(KEY, what);
        } else if mode == Mode::Production && is_nowhere && !settings.is_at_fault(KEY) {
            let what = "name the address at which relying parties reach authority.listen: it \
                        stands in every certificate";
            settings.fault(KEY, what.to_owned());
        }
        let url = given.unwrap_or_else(|| format!("http://{listen}"));
        Self { listen, url, profiles: profiles(settings), hsm: hsm(settings) }
    }

    /// What certificates say of where to ask.
    #[must_use]
    pub fn pointers(&self) -> Pointers {
        let Self { url, .. } = self;
        Pointers {
            crl: format!("{url}/crl"),
            ocsp: format!("{url}/ocsp"),
            authority: format!("{url}/chain.p7c"),
        }
    }
}

/// `http://`, a whole host name or an IPv4 address, port if it is not 80, a path if there is one; no
/// slash at the end.
fn check_url(url: &str) -> Result<(), String> {
    let form = || format!("{url:?} is not an address like http://certificates.example.org");
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        format!("{url:?}: relying parties ask by plain HTTP (http://), what they get is signed")
    })?;
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let plain = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~/".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| 0 < port);
    if URL_CHARACTERS_MAX < url.len()
        || !plain(name)
        || !name.contains('.')
        || port.is_some_and(|port| !is_port(port))
        || path.is_some_and(|path| !plain(path) || path.ends_with('/'))
    {
        return Err(form());
    }
    Ok(())
}

/// True if everybody who follows this address asks his own machine.
fn is_here(url: &str) -> bool {
    let host = url.trim_start_matches("http://").split(['/', ':']).next().unwrap_or_default();
    let is_own = |address: IpAddr| address.is_loopback() || address.is_unspecified();
    host.starts_with("localhost.") || host.ends_with(".localhost") || host.parse().is_ok_and(is_own)
}

fn profiles(settings: &mut Settings) -> CardProfiles {
    let mut profiles = CardProfiles::default();
    for (key, profile) in [
        ("authority.authentication_purposes", CardProfile::Authentication),
        ("authority.signature_purposes", CardProfile::Signature),
    ] {
        let purposes = settings.list(key, PURPOSES_MAX);
        if purposes.is_empty() {
            continue;
        }
        match profiles.clone().with_purposes(profile, &purposes) {
            Ok(chosen) => profiles = chosen,
            Err(refused) => settings.fault(key, refused.to_string()),
        }
    }
    if let Some(policy) = settings.text("authority.policy") {
        match profiles.clone().with_policy(&policy) {
            Ok(chosen) => profiles = chosen,
            Err(refused) => settings.fault("authority.policy", refused.to_string()),
        }
    }
    if settings.flag("authority.upn_from_email", false) {
        profiles = profiles.with_upn_from_email();
    }
    profiles
}

fn hsm(settings: &mut Settings) -> Option<HsmSettings> {
    const KEYS: [&str; 4] = [
        "authority.hsm_module",
        "authority.hsm_token",
        "authority.hsm_key",
        "authority.hsm_pin_file",
    ];
    let given = KEYS.map(|key| settings.text(key));
    if given.iter().all(Option::is_none) {
        return None;
    }
    if !cfg!(feature = "hsm") {
        let what = "this build cannot use an HSM (feature `hsm`)".to_owned();
        settings.fault(KEYS[0], what);
    }
    for (key, given) in KEYS.iter().zip(&given) {
        if given.is_none() && !settings.is_at_fault(key) {
            settings.fault(key, "an HSM has a module, a token, a key and a PIN file".to_owned());
        }
    }
    let [module, token, key, pin_file] = given;
    Some(HsmSettings {
        module: Path::new(&module?).to_path_buf(),
        token: token?,
        key: key?,
        pin_file: Path::new(&pin_file?).to_path_buf(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Config, ConfigError};

    /// The keys at fault when the environment sets these.
    fn faults(settings: &[(&str, &str)]) -> Vec<String> {
        let settings = settings.iter().map(|(key, value)| {
            (format!("LATCHKEY_AUTHORITY__{}", key.to_uppercase()), (*value).to_owned())
        });
        let needed = [
            ("LATCHKEY_KEYSTORE__DIR".to_owned(), "/srv/keys".to_owned()),
            ("LATCHKEY_AUTHORITY__URL".to_owned(), "http://192.0.2.1".to_owned()),
        ];
        match Config::load(None, needed.into_iter().chain(settings)) {
            Ok(_) => vec![],
            Err(ConfigError::Faults(faults)) => faults
                .into_iter()
                .map(|fault| fault.key.trim_start_matches("authority.").to_owned())
                .collect(),
            Err(ConfigError::Unreadable { .. } | ConfigError::NotToml { .. }) => unreachable!(),
        }
    }

    #[test]
    fn an_address_for_relying_parties_is_plain_http_without_a_slash_at_the_end() {
        for good in [
            "http://certificates.example.org",
            "http://certificates.example.org:8080",
            "http://192.0.2.1/cards/1",
        ] {
            assert!(faults(&[("url", good)]).is_empty(), "{good}");
        }
        let long = format!("http://{}", "a".repeat(94));
        for bad in [
            "https://certificates.example.org",
            "certificates.example.org",
            "http://certificates.example.org/",
            "http://certificates.example.org/a/",
            "http://certificates.example.org:0",
            "http://certificates.example.org?x",
            "http://localhost:7404",
            "http://a@certificates.example.org",
            "http://zertifikate.münchen.example",
            "http://",
            long.as_str(),
        ] {
            assert_eq!(faults(&[("url", bad)]), ["url"], "{bad}");
        }
    }

    #[test]
    fn in_production_relying_parties_are_not_sent_to_their_own_machines() {
        for here in [
            "http://127.0.0.1:7404",
            "http://127.1.2.3",
            "http://0.0.0.0:7404",
            "http://localhost.localdomain/crl",
            "http://cards.localhost",
        ] {
            assert_eq!(faults(&[("url", here)]), ["url"], "{here}");
        }
        let keys = ("LATCHKEY_KEYSTORE__DIR".to_owned(), "/srv/keys".to_owned());
        for listen in ["127.0.0.1:7404", "192.0.2.1:7404"] {
            let listen = ("LATCHKEY_AUTHORITY__LISTEN".to_owned(), listen.to_owned());
            let error = Config::load(None, [keys.clone(), listen]).unwrap_err();
            assert!(error.to_string().contains("authority.url: "), "{error}");
        }
    }

    #[cfg(feature = "demo")]
    #[test]
    fn the_demonstrations_address_for_relying_parties_is_where_it_listens() {
        let demo = ("LATCHKEY_MODE".to_owned(), "demo".to_owned());
        let listen = ("LATCHKEY_AUTHORITY__LISTEN".to_owned(), "127.0.0.1:8404".to_owned());
        let config = Config::load(None, [demo, listen]).unwrap();
        assert_eq!(config.authority.url, "http://127.0.0.1:8404");
    }

    #[test]
    fn profiles_are_as_they_may_be() {
        let purposes = ("authentication_purposes", "1.3.6.1.5.5.7.3.2;1.3.6.1.5.2.3.4");
        let chosen = [purposes, ("policy", "2.25.3.1"), ("upn_from_email", "true")];
        assert!(faults(&chosen).is_empty());
        for (key, value) in [
            ("authentication_purposes", "2.5.29.37.0"),
            ("signature_purposes", "1.3.6.1.4.1.311.20.2.2"),
            ("signature_purposes", "emailProtection"),
            ("policy", "strict"),
            ("upn_from_email", "yes"),
        ] {
            assert_eq!(faults(&[(key, value)]), [key], "{value}");
        }
    }

    #[test]
    fn an_hsm_is_described_whole_or_not_at_all() {
        let whole = [
            ("hsm_module", "/usr/lib/hsm.so"),
            ("hsm_token", "latchkey"),
            ("hsm_key", "issuing"),
            ("hsm_pin_file", "/etc/latchkey/hsm-pin"),
        ];
        if cfg!(feature = "hsm") {
            assert!(faults(&whole).is_empty());
            assert_eq!(faults(&whole[..3]), ["hsm_pin_file"]);
            assert_eq!(faults(&whole[1..]), ["hsm_module"]);
        } else {
            assert_eq!(faults(&whole), ["hsm_module"]);
        }
    }
}
