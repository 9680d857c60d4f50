//! Folders, keys, ports and clocks in every state the doctor tells apart.

use std::{io::BufRead as _, io::BufReader, os::unix::fs::DirBuilderExt as _};

use super::*;

fn now() -> DateTime<Utc> {
    "2026-03-10T09:30:00Z".parse().unwrap()
}

fn look(config: &Config) -> Vec<Finding> {
    doctor_at(config, now(), Some(now()))
}

fn verdict(findings: &[Finding], check: &str) -> Verdict {
    findings.iter().find(|finding| finding.check == check).unwrap().verdict
}

/// A configuration whose data folder is there and private.
fn healthy(parent: &Path) -> Config {
    let folder = parent.join("data");
    fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    Config::for_testing(&folder)
}

fn make_keystore(config: &Config, mode: Mode) {
    let mut next = 0_u8;
    let mut entropy = |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(1);
            *byte = next;
        }
    };
    Keystore::create(&config.keystore_dir(), mode, &mut entropy, now()).unwrap();
}

#[test]
fn before_the_first_start_all_is_well_and_looking_leaves_nothing_behind() {
    let parent = tempfile::tempdir().unwrap();
    let config = healthy(parent.path());
    let findings = look(&config);
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Ok), "{findings:?}");
    assert_eq!(fs::read_dir(&config.data_dir).unwrap().count(), 0);
    let nowhere = Config::for_testing(&parent.path().join("nowhere"));
    assert_eq!(verdict(&look(&nowhere), "data_dir"), Verdict::Ok);
    assert!(!nowhere.data_dir.exists());
}

#[test]
fn a_data_folder_that_others_can_read_is_a_warning_and_a_file_in_its_place_a_failure() {
    let parent = tempfile::tempdir().unwrap();
    let config = healthy(parent.path());
    fs::set_permissions(&config.data_dir, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(verdict(&look(&config), "data_dir"), Verdict::Warn);
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(verdict(&look(&Config::for_testing(&file)), "data_dir"), Verdict::Fail);
}

#[test]
fn keys_of_the_other_mode_keys_that_others_can_read_and_lost_keys_are_failures() {
    let parent = tempfile::tempdir().unwrap();
    let mut config = healthy(parent.path());
    fs::write(config.log_database(), "").unwrap();
    assert_eq!(verdict(&look(&config), "keystore.dir"), Verdict::Fail);
    make_keystore(&config, Mode::Demo);
    assert_eq!(verdict(&look(&config), "keystore.dir"), Verdict::Ok);
    let key = config.keystore_dir().join("pepper.1.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(verdict(&look(&config), "keystore.dir"), Verdict::Fail);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    config.mode = Mode::Production;
    assert_eq!(verdict(&look(&config), "keystore.dir"), Verdict::Fail);
}

#[test]
fn keys_in_the_data_folder_are_a_warning_in_production_only() {
    let parent = tempfile::tempdir().unwrap();
    let mut config = healthy(parent.path());
    assert_eq!(verdict(&look(&config), "keys apart"), Verdict::Ok);
    config.mode = Mode::Production;
    assert_eq!(verdict(&look(&config), "keys apart"), Verdict::Warn);
    config.keystore.dir = Some(parent.path().join("keys"));
    assert_eq!(verdict(&look(&config), "keys apart"), Verdict::Ok);
    fs::create_dir_all(&config.data_dir).unwrap();
    std::os::unix::fs::symlink(&config.data_dir, parent.path().join("keys")).unwrap();
    assert_eq!(verdict(&look(&config), "keys apart"), Verdict::Warn);
}

#[test]
fn a_database_is_known_by_its_header() {
    let parent = tempfile::tempdir().unwrap();
    let config = healthy(parent.path());
    for (bytes, expected) in [
        (&b"SQLite format 3\0\x10\0\x02\x02"[..], Verdict::Ok),
        (b"SQLite format 3\0\x10\0\x01\x01", Verdict::Warn),
        (b"something quite different", Verdict::Fail),
        (b"SQLite", Verdict::Fail),
    ] {
        fs::write(config.log_database(), bytes).unwrap();
        assert_eq!(verdict(&look(&config), "log database"), expected);
    }
}

#[test]
fn a_clock_at_the_time_of_the_build_is_well_and_one_before_it_is_wrong() {
    let second = chrono::TimeDelta::seconds(1);
    assert_eq!(clock(now(), Some(now())).verdict, Verdict::Ok);
    assert_eq!(clock(now() - second, Some(now())).verdict, Verdict::Fail);
    assert_eq!(clock(now(), None).verdict, Verdict::Warn);
}

#[test]
fn a_port_taken_by_a_stranger_is_a_failure() {
    let parent = tempfile::tempdir().unwrap();
    let mut config = healthy(parent.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    config.portal.listen = taken.local_addr().unwrap();
    assert_eq!(verdict(&look(&config), "portal.listen"), Verdict::Fail);
    drop(taken);
    assert_eq!(verdict(&look(&config), "portal.listen"), Verdict::Ok);
}

#[test]
fn a_port_is_ours_only_if_the_operators_address_says_so() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\n\r\nlatchkey is alive", true),
        ("HTTP/1.1 200 OK\r\n\r\nsomething else", false),
        ("HTTP/1.1 404 Not Found\r\n\r\nlatchkey", false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let request = BufReader::new(stream.try_clone().unwrap());
            assert!(request.lines().map_while(Result::ok).any(|line| line.is_empty()));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        assert_eq!(is_ours(address), expected, "{answer}");
        server.join().unwrap();
    }
}

#[test]
fn without_an_approved_reader_nobody_can_log_in_and_the_table_says_so() {
    let parent = tempfile::tempdir().unwrap();
    let mut config = healthy(parent.path());
    config.readers.approved.clear();
    let findings = look(&config);
    assert_eq!(verdict(&findings, "readers.approved"), Verdict::Warn);
    let table = table(&findings);
    assert_eq!(table.lines().count(), findings.len());
    assert!(table.lines().any(|line| line.starts_with("warn  readers.approved      no card")));
}

#[test]
fn mail_that_nobody_takes_is_a_warning_and_a_password_that_is_not_there_a_failure() {
    let parent = tempfile::tempdir().unwrap();
    let mut config = healthy(parent.path());
    assert_eq!(mail(&config).verdict, Verdict::Ok);
    config.mode = Mode::Production;
    assert_eq!(mail(&config).verdict, Verdict::Warn);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = crate::config::MailSettings {
        server: nobody.ip().to_string(),
        tls: workflows::mail::Tls::None,
        port: nobody.port(),
        authority_file: None,
        from: "smartcards@example.org".parse().unwrap(),
        login: None,
    };
    config.mail = Some(settings.clone());
    assert_eq!(mail(&config).verdict, Verdict::Warn);
    settings.login = Some(crate::config::LoginSettings {
        username: "latchkey".to_owned(),
        password_file: parent.path().join("nowhere"),
    });
    config.mail = Some(settings);
    assert_eq!(mail(&config).verdict, Verdict::Fail);
}

#[test]
fn the_exit_code_is_0_with_warnings_and_1_with_a_failure() {
    let code = |verdict| format!("{:?}", exit_code(&[finding("clock", verdict, "")]));
    assert_eq!(code(Verdict::Ok), format!("{:?}", ExitCode::SUCCESS));
    assert_eq!(code(Verdict::Warn), format!("{:?}", ExitCode::SUCCESS));
    assert_eq!(code(Verdict::Fail), format!("{:?}", ExitCode::FAILURE));
}
