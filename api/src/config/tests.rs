//! Every key: set, wrong, out of range, unknown; and every fault names it.

use std::path::Path;

use workflows::mail::Tls;

use super::{Config, ConfigError, Mode, VIRTUAL_READER};

/// One of two keys that production has to be given.
const APART: (&str, &str) = ("LATCHKEY_KEYSTORE__DIR", "/etc/latchkey/keys");

/// The other: where relying parties ask.
const REACHED: (&str, &str) = ("LATCHKEY_AUTHORITY__URL", "http://cards.example.org");

/// The configuration of this file and these variables; with [`APART`], unless they name a keystore.
fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let named = file.contains("[keystore]");
    let environment: Vec<_> =
        [APART].iter().filter(|_| !named).chain(environment).copied().collect();
    bare(file, &environment)
}

/// The configuration of this file and these variables, with [`REACHED`].
fn bare(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latchkey.toml");
    std::fs::write(&path, file).unwrap();
    let environment = [REACHED].iter().chain(environment);
    let environment = environment.map(|(name, value)| (name.to_string(), value.to_string()));
    Config::load(Some(&path), environment)
}

/// The keys that are at fault.
fn faults(outcome: Result<Config, ConfigError>) -> Vec<String> {
    let error = outcome.unwrap_err();
    let text = error.to_string();
    match error {
        ConfigError::Faults(faults) => {
            assert!(faults.iter().all(|fault| text.contains(&format!("\n  {}: ", fault.key))));
            faults.into_iter().map(|fault| fault.key).collect()
        }
        ConfigError::Unreadable { .. } | ConfigError::NotToml { .. } => panic!("{text}"),
    }
}

const WHOLE: &str = r#"
mode = "production"
data_dir = "/srv/latchkey"
[keystore]
dir = "/etc/latchkey/keys"
[portal]
listen = "0.0.0.0:8080"
origin = "https://portal.example.org"
behind_proxy = true
[agents]
listen = "0.0.0.0:8402"
[agent_page]
port = 8401
[operator]
listen = "[::1]:8403"
[readers]
approved = ["Example Reader 1", "Example Reader 2"]
[mail]
server = "mail.example.org"
tls = "tls"
port = 8465
authority_file = "/etc/latchkey/authority.pem"
from = "Smartcards <smartcards@example.org>"
username = "latchkey"
password_file = "/etc/latchkey/mail-password"
"#;

#[test]
fn without_file_and_environment_the_defaults_count() {
    let needed = [APART, REACHED].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut config = Config::load(None, needed).unwrap();
    config.keystore.dir = None;
    config.authority.url = Config::default().authority.url;
    assert_eq!(config, Config::default());
    assert_eq!(config.mode, Mode::Production);
    assert_eq!(config.portal.listen.to_string(), "127.0.0.1:7400");
    assert_eq!(config.portal.origin, "http://localhost:7400");
    assert_eq!(config.agent_page.port, 7401);
    assert_eq!(config.agents.listen.to_string(), "127.0.0.1:7402");
    assert_eq!(config.operator.listen.to_string(), "127.0.0.1:7403");
    assert_eq!(config.authority.listen.to_string(), "127.0.0.1:7404");
    assert_eq!(config.authority.pointers().ocsp, "http://127.0.0.1:7404/ocsp");
    assert!(config.readers.approved.is_empty());
    assert_eq!(Config::demo(Path::new("x")).keystore_dir(), Path::new("x/keys"));
}

#[test]
fn in_production_the_keystore_is_named_and_lies_apart_from_the_data() {
    assert_eq!(faults(bare("", &[])), ["keystore.dir"]);
    let keys = |dir: &str| {
        bare(&format!("data_dir = \"/srv/latchkey\"\n[keystore]\ndir = \"{dir}\""), &[])
    };
    for beside in ["/srv/latchkey-keys", "/srv/keys", "/srv/latchkey/../keys", "keys"] {
        assert!(keys(beside).is_ok(), "{beside}");
    }
    for together in [
        "/srv/latchkey",
        "/srv/latchkey/keys",
        "/srv/./latchkey/keys",
        "/srv/x/../latchkey/k",
        "/srv",
    ] {
        assert_eq!(faults(keys(together)), ["keystore.dir"], "{together}");
    }
    let relative = bare("data_dir = \"data\"\n[keystore]\ndir = \"./data/keys\"", &[]);
    assert_eq!(faults(relative), ["keystore.dir"]);
}

#[test]
fn every_key_can_be_set_in_the_file() {
    let config = load(WHOLE, &[]).unwrap();
    assert_eq!(config.data_dir, Path::new("/srv/latchkey"));
    assert_eq!(config.log_database(), Path::new("/srv/latchkey/log.db"));
    assert_eq!(config.projections_database(), Path::new("/srv/latchkey/projections.db"));
    assert_eq!(config.keystore_dir(), Path::new("/etc/latchkey/keys"));
    assert_eq!(config.portal.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.portal.origin, "https://portal.example.org");
    assert!(config.portal.behind_proxy);
    assert_eq!(config.agents.listen.to_string(), "0.0.0.0:8402");
    assert_eq!(config.agent_page.port, 8401);
    assert_eq!(config.operator.listen.to_string(), "[::1]:8403");
    assert_eq!(config.readers.approved, ["Example Reader 1", "Example Reader 2"]);
    let mail = config.mail.unwrap();
    assert_eq!((mail.server.as_str(), mail.port, mail.tls), ("mail.example.org", 8465, Tls::Tls));
    assert_eq!(mail.authority_file.as_deref(), Some(Path::new("/etc/latchkey/authority.pem")));
    assert_eq!(mail.from.to_string(), "Smartcards <smartcards@example.org>");
    let login = mail.login.unwrap();
    assert_eq!(login.username, "latchkey");
    assert_eq!(login.password_file, Path::new("/etc/latchkey/mail-password"));
}

#[test]
fn the_environment_has_the_last_word() {
    let config = load(
        WHOLE,
        &[
            ("LATCHKEY_DATA_DIR", "/srv/other"),
            ("LATCHKEY_KEYSTORE__DIR", "/srv/keys"),
            ("LATCHKEY_PORTAL__LISTEN", "127.0.0.1:0"),
            ("LATCHKEY_PORTAL__ORIGIN", "http://localhost:9000"),
            ("LATCHKEY_PORTAL__BEHIND_PROXY", "false"),
            ("LATCHKEY_AGENTS__LISTEN", "127.0.0.1:0"),
            ("LATCHKEY_AGENT_PAGE__PORT", "9401"),
            ("LATCHKEY_OPERATOR__LISTEN", "127.0.0.1:0"),
            ("LATCHKEY_READERS__APPROVED", "Example Reader 3; Example Reader 4"),
        ],
    )
    .unwrap();
    assert_eq!(config.data_dir, Path::new("/srv/other"));
    assert_eq!(config.keystore_dir(), Path::new("/srv/keys"));
    assert_eq!(config.portal.listen.port(), 0);
    assert_eq!(config.portal.origin, "http://localhost:9000");
    assert!(!config.portal.behind_proxy);
    assert_eq!(config.agent_page.port, 9401);
    assert_eq!(config.readers.approved, ["Example Reader 3", "Example Reader 4"]);
}

#[test]
fn a_value_of_the_wrong_type_names_its_key() {
    for (key, section) in [
        ("mode", "mode = 1"),
        ("data_dir", "data_dir = true"),
        ("keystore.dir", "[keystore]\ndir = []"),
        ("portal.listen", "[portal]\nlisten = 7400"),
        ("portal.origin", "[portal]\norigin = 1"),
        ("portal.behind_proxy", "[portal]\nbehind_proxy = \"yes\""),
        ("agents.listen", "[agents]\nlisten = {}"),
        ("agent_page.port", "[agent_page]\nport = \"8401\""),
        ("operator.listen", "[operator]\nlisten = 1.5"),
        ("readers.approved", "[readers]\napproved = \"Example Reader\""),
        ("readers.approved", "[readers]\napproved = [1]"),
        ("demo.drawer", "[demo]\ndrawer = 1"),
    ] {
        assert_eq!(faults(load(section, &[])), [key], "{section}");
    }
}

#[test]
fn a_value_that_makes_no_sense_names_its_key() {
    for (key, section) in [
        ("mode", "mode = \"test\""),
        ("data_dir", "data_dir = \"\""),
        ("portal.listen", "[portal]\nlisten = \"localhost:7400\""),
        ("agents.listen", "[agents]\nlisten = \"127.0.0.1\""),
        ("operator.listen", "[operator]\nlisten = \"127.0.0.1:70000\""),
        ("readers.approved", "[readers]\napproved = [\"\"]"),
        ("readers.approved", "[readers]\napproved = [\"a\\nb\"]"),
    ] {
        assert_eq!(faults(load(section, &[])), [key], "{section}");
    }
}

#[test]
fn a_number_at_the_edge_of_its_range_is_taken_and_the_next_one_is_not() {
    let set = |value: i64| load(&format!("[agent_page]\nport = {value}"), &[]);
    assert!(set(1024).is_ok() && set(65_535).is_ok());
    assert_eq!(faults(set(1023)), ["agent_page.port"]);
    assert_eq!(faults(set(65_536)), ["agent_page.port"]);
    assert_eq!(faults(set(-1)), ["agent_page.port"]);
    for text in ["many", "65536"] {
        let variable = ("LATCHKEY_AGENT_PAGE__PORT", text);
        assert_eq!(faults(load("", &[variable])), ["agent_page.port"]);
    }
}

#[test]
fn keys_that_nobody_knows_are_refused_and_all_faults_come_at_once() {
    let file = "color = 1\nportal = 2\n[portals]\nlisten = 3\n[agents]\nlisten = 4\nlissten = 5";
    assert_eq!(
        faults(load(file, &[("LATCHKEY_PORTAL__LISTENS", "x")])),
        ["agents.listen", "agents.lissten", "color", "portal", "portal.listens", "portals"]
    );
}

#[test]
fn variables_of_other_programs_are_left_alone() {
    let environment =
        [("LATCHKEY_CONFIG", "x"), ("LATCHKEY_PORTAL_PORT", "1"), ("PORTAL__LISTEN", "x")];
    assert_eq!(load("", &environment).unwrap(), load("", &[]).unwrap());
    assert_eq!(faults(load("", &[("LATCHKEY_MODE", "x")])), ["mode"]);
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_named() {
    let error = Config::load(Some(Path::new("/nonexistent/latchkey.toml")), []).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
    assert!(error.to_string().contains("/nonexistent/latchkey.toml"));
    assert!(matches!(load("mode = ", &[]), Err(ConfigError::NotToml { .. })));
    assert!(matches!(load(&"#".repeat(64 * 1024 + 1), &[]), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn plain_http_leaves_loopback_only_behind_a_proxy() {
    let listen = |address: &str, proxy: bool| {
        load(&format!("[portal]\nlisten = \"{address}\"\nbehind_proxy = {proxy}"), &[])
    };
    assert!(listen("127.0.0.1:7400", false).is_ok());
    assert!(listen("[::1]:7400", false).is_ok());
    assert_eq!(faults(listen("0.0.0.0:7400", false)), ["portal.listen"]);
    assert!(listen("0.0.0.0:7400", true).is_ok());
    let operator = "[operator]\nlisten = \"0.0.0.0:7403\"";
    assert_eq!(faults(load(operator, &[])), ["operator.listen"]);
}

#[test]
fn an_origin_has_one_form() {
    let origin = |origin: &str, proxy: bool| {
        load(&format!("[portal]\norigin = \"{origin}\"\nbehind_proxy = {proxy}"), &[]).map(|_| ())
    };
    for good in ["http://localhost:7400", "http://localhost", "http://localhost:443"] {
        assert!(origin(good, false).is_ok(), "{good}");
    }
    for good in ["https://portal.example.org", "https://portal.example.org:8443", "https://p"] {
        assert!(origin(good, true).is_ok(), "{good}");
        assert!(origin(good, false).is_err(), "{good}");
    }
    for bad in [
        "localhost:7400",
        "http://localhost:7400/",
        "http://localhost:80",
        "http://localhost:07400",
        "http://localhost:0",
        "http://localhost:",
        "http://127.0.0.1:7400",
        "http://portal.example.org",
        "https://portal.example.org:443",
        "https://Portal.example.org",
        "https://portal.example.org/portal",
        "https://a@portal.example.org",
        "https://portal..example.org",
        "https://-portal.example.org",
        "https://192.0.2.1",
        "https://",
        "ftp://localhost",
    ] {
        assert!(origin(bad, true).is_err(), "{bad}");
    }
}

#[test]
fn with_a_certificate_the_server_speaks_https_to_everybody_and_without_one_it_says_what_is_missing()
{
    let with = |more: &str| load(&format!("[portal]\nlisten = \"0.0.0.0:443\"\n{more}"), &[]);
    let both = "tls_certificate = \"c.pem\"\ntls_key = \"k.pem\"";
    let origin = "origin = \"https://cards.example.org\"";
    let config = with(&format!("{both}\n{origin}")).unwrap();
    assert_eq!(config.portal.https_name(), Some("cards.example.org"));
    let error = with("").unwrap_err().to_string();
    assert!(
        error.contains("portal.listen: ") && error.contains("portal.tls_certificate"),
        "{error}"
    );
    assert_eq!(faults(with(both)), ["portal.origin"], "the origin is http://localhost:7400");
    let alone = format!("tls_certificate = \"c.pem\"\n{origin}");
    assert!(faults(with(&alone)).contains(&"portal.tls_key".to_owned()));
    let alone = format!("tls_key = \"k.pem\"\n{origin}");
    assert!(faults(with(&alone)).contains(&"portal.tls_certificate".to_owned()));
    assert!(faults(with("tls_keys = \"k.pem\"")).contains(&"portal.tls_keys".to_owned()));
    // To a proxy by HTTPS: the name that it asks for is between the two.
    let behind = with(&format!("{both}\n{origin}\nbehind_proxy = true")).unwrap();
    assert_eq!(behind.portal.https_name(), None);
}

#[test]
fn two_doors_do_not_share_a_port() {
    assert_eq!(faults(load("[agent_page]\nport = 7400", &[])), ["agent_page.port"]);
    let file = "[portal]\nlisten = \"127.0.0.1:7403\"";
    assert_eq!(faults(load(file, &[])), ["operator.listen"]);
}

#[test]
fn b60_only_the_demonstration_approves_the_virtual_reader() {
    let listed = format!("[readers]\napproved = [\"{VIRTUAL_READER}\"]");
    assert_eq!(faults(load(&listed, &[])), ["readers.approved"]);
    assert!(Config::default().readers.approved.is_empty());
    assert_eq!(Config::demo(Path::new("x")).readers.approved, [VIRTUAL_READER]);
}

#[test]
fn the_demonstrations_settings_are_refused_in_production() {
    assert_eq!(faults(load("[demo]\ndrawer = \"x\"", &[])), ["demo.drawer"]);
    let mut config = Config::for_testing(Path::new("x"));
    config.demo.drawer = Some("drawer".into());
    assert_eq!(config.drawer(), Some(Path::new("drawer")));
    config.mode = Mode::Production;
    assert_eq!(config.drawer(), None);
}

/// `[mail]` with a server, a sender and these lines.
fn mail(server: &str, more: &str) -> Result<Config, ConfigError> {
    let from = "from = \"smartcards@example.org\"";
    load(&format!("[mail]\nserver = \"{server}\"\n{from}\n{more}"), &[])
}

#[test]
fn without_the_section_there_is_no_mail_and_with_it_server_and_sender_are_named() {
    assert_eq!(load("", &[]).unwrap().mail, None);
    assert_eq!(faults(load("[mail]\ntls = \"tls\"", &[])), ["mail.from", "mail.server"]);
    let only = ("LATCHKEY_MAIL__SERVER", "mail.example.org");
    assert_eq!(faults(load("", &[only])), ["mail.from"]);
    for (key, line) in [
        ("mail.from", "from = \"nobody\""),
        ("mail.server", "server = 1"),
        ("mail.tls", "tls = \"maybe\""),
        ("mail.port", "port = 0"),
        ("mail.port", "port = 65536"),
        ("mail.authority_file", "authority_file = 1"),
        ("mail.password_file", "password_file = \"\"\nusername = \"x\""),
        ("mail.sever", "sever = \"x\""),
    ] {
        let others: Vec<&str> =
            ["server = \"mail.example.org\"", "from = \"smartcards@example.org\""]
                .into_iter()
                .filter(|other| other.split(' ').next() != line.split(' ').next())
                .collect();
        let file = format!("[mail]\n{}\n{line}", others.join("\n"));
        assert!(faults(load(&file, &[])).contains(&key.to_owned()), "{line}");
    }
}

#[test]
fn each_protection_has_its_usual_port() {
    let port = |more: &str| mail("localhost", more).unwrap().mail.unwrap().port;
    assert_eq!(port(""), 587);
    assert_eq!(port("tls = \"starttls\""), 587);
    assert_eq!(port("tls = \"tls\""), 465);
    assert_eq!(port("tls = \"none\""), 25);
    assert_eq!(port("tls = \"none\"\nport = 2525"), 2525);
}

#[test]
fn mail_in_plain_stays_on_loopback_and_a_password_with_it() {
    let login = "tls = \"none\"\nusername = \"x\"\npassword_file = \"y\"";
    for here in ["localhost", "127.0.0.1", "::1"] {
        assert!(mail(here, "tls = \"none\"").is_ok(), "{here}");
        assert!(mail(here, login).is_ok(), "{here}");
    }
    for away in ["mail.example.org", "192.0.2.1", "0.0.0.0"] {
        assert_eq!(faults(mail(away, "tls = \"none\"")), ["mail.tls"], "{away}");
        assert_eq!(faults(mail(away, login)), ["mail.tls"], "{away}");
        assert!(mail(away, "").is_ok(), "{away}");
    }
}

#[test]
fn a_log_in_to_the_mail_server_has_a_name_and_a_password_file() {
    assert_eq!(faults(mail("m", "username = \"x\"")), ["mail.password_file"]);
    assert_eq!(faults(mail("m", "password_file = \"x\"")), ["mail.username"]);
    let plain = "tls = \"none\"\nauthority_file = \"x\"";
    assert_eq!(faults(mail("localhost", plain)), ["mail.authority_file"]);
}

#[cfg(not(feature = "demo"))]
#[test]
fn a_build_without_the_demonstration_does_not_start_one() {
    assert_eq!(faults(load("mode = \"demo\"", &[])), ["mode"]);
}

#[cfg(feature = "demo")]
#[test]
fn the_demonstration_stays_on_loopback_even_behind_a_proxy() {
    let demo = |more: &str| bare(&format!("mode = \"demo\"\n{more}"), &[]);
    assert_eq!(demo("").unwrap().readers.approved, [VIRTUAL_READER]);
    let portal = demo("[portal]\nlisten = \"0.0.0.0:7400\"\nbehind_proxy = true");
    assert_eq!(faults(portal), ["portal.listen"]);
    assert_eq!(faults(demo("[agents]\nlisten = \"0.0.0.0:7402\"")), ["agents.listen"]);
    let https = "origin = \"https://localhost\"\ntls_certificate = \"c\"\ntls_key = \"k\"";
    let https = demo(&format!("[portal]\n{https}"));
    assert_eq!(faults(https), ["portal.tls_certificate"]);
    let mail = |server: &str| {
        demo(&format!("[mail]\nserver = {server:?}\nfrom = \"smartcards@example.org\""))
    };
    assert_eq!(faults(mail("mail.example.org")), ["mail.server"]);
    assert_eq!(mail("localhost").unwrap().mail.unwrap().server, "localhost");
    assert_eq!(demo("[demo]\ndrawer = \"x\"").unwrap().drawer(), Some(Path::new("x")));
}

#[test]
fn a_database_is_named_without_its_password_which_is_in_a_file() {
    let with = |url: &str| load(&format!("[database]\nurl = \"{url}\""), &[]);
    let database = with("postgres://latchkey@localhost/latchkey").unwrap().database.unwrap();
    assert_eq!(database.password_file, None);
    for url in [
        "postgres://latchkey:hush@localhost/latchkey",
        "postgres://latchkey@localhost/latchkey?password=hush",
        "postgres://latchkey@db.example.org/latchkey",
        "mysql://latchkey@localhost/latchkey",
    ] {
        let error = with(url).unwrap_err();
        assert!(!error.to_string().contains("hush"), "{error}");
        assert_eq!(faults(Err(error)), ["database.url"], "{url}");
    }
    assert!(with("postgres://latchkey@db.example.org/latchkey?sslmode=verify-full").is_ok());
    let nameless = "[database]\npassword_file = \"x\"";
    assert_eq!(faults(load(nameless, &[])), ["database.url"]);
}
