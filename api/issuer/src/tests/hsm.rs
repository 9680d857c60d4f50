//! The issuing key in `SoftHSM2`, from Debian: made there, used from there, and never seen here.
//!
//! `SoftHSM2` learns from the environment where its tokens are, and a test may not change its own. So
//! the test makes a token and runs itself once more, with an environment that names it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chrono::TimeDelta;
use cryptoki::{context::Pkcs11, session::UserType, slot::Slot, types::AuthPin};
use zeroize::Zeroizing;

use super::{
    founding, issue, key, now,
    openssl::{openssl, write},
    wanted,
};
use crate::{
    AuthorityKey, CardProfile, CardsAuthority, CrlHead, HsmError, HsmKey, HsmPlace, Reason,
    RefusedMark, Responder, Revocations,
};

/// Where Debian puts the module.
const MODULES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

/// Names `SoftHSM2`'s configuration.
const CONFIGURATION: &str = "SOFTHSM2_CONF";

const TEST: &str = "tests::hsm::an_authority_whose_key_is_in_an_hsm_does_all_that_another_does";

const PIN: &str = "87654321";

fn module() -> Option<PathBuf> {
    let module = MODULES.iter().map(PathBuf::from).find(|module| module.exists());
    if module.is_none() {
        eprintln!("not shown here: SoftHSM2 is not installed");
    }
    module
}

fn place(module: &Path, key: &str) -> HsmPlace {
    let (module, token) = (module.to_path_buf(), "latchkey-test".to_owned());
    let refused = mark("first");
    HsmPlace { module, token, key: key.to_owned(), pin: Zeroizing::new(PIN.to_owned()), refused }
}

/// Beside the token's configuration.
fn mark(source: &str) -> RefusedMark {
    let configuration = PathBuf::from(std::env::var_os(CONFIGURATION).unwrap());
    RefusedMark { file: configuration.with_file_name("refused"), source: source.to_owned() }
}

/// A token with a key pair on P-384, one on P-256, and nothing else.
fn make_token(module: &Path, folder: &Path) -> PathBuf {
    let configuration = folder.join("softhsm2.conf");
    let tokens = folder.join("tokens");
    fs::create_dir(&tokens).unwrap();
    let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
    fs::write(&configuration, text).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let output = command.args(arguments).env(CONFIGURATION, &configuration).output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
    };
    let token = "latchkey-test";
    let pins = ["--so-pin", "12345678", "--pin", PIN];
    run("softhsm2-util", &[&["--init-token", "--free", "--label", token][..], &pins].concat());
    for (label, id, kind) in [("issuing", "01", "EC:secp384r1"), ("small", "02", "EC:prime256v1")] {
        let module = module.to_str().unwrap();
        run(
            "pkcs11-tool",
            &[
                "--module",
                module,
                "--token-label",
                token,
                "--login",
                "--pin",
                PIN,
                "--keypairgen",
                "--key-type",
                kind,
                "--label",
                label,
                "--id",
                id,
                "--usage-sign",
            ],
        );
    }
    configuration
}

#[test]
fn an_authority_whose_key_is_in_an_hsm_does_all_that_another_does() {
    let Some(module) = module() else { return };
    if std::env::var_os(CONFIGURATION).is_some() {
        return with_token(&module);
    }
    let folder = tempfile::tempdir().unwrap();
    let configuration = make_token(&module, folder.path());
    let mut again = Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", TEST]).env(CONFIGURATION, configuration).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

/// In the process that knows the token.
fn with_token(module: &Path) {
    let open = |label: &str| HsmKey::open(place(module, label));
    assert!(matches!(open("small"), Err(HsmError::NotP384)));
    assert!(matches!(open("nobody"), Err(HsmError::NotOneKey { found: 0, .. })));
    let elsewhere = HsmPlace { token: "elsewhere".to_owned(), ..place(module, "issuing") };
    assert!(matches!(HsmKey::open(elsewhere), Err(HsmError::NoToken(_))));

    let pin = Zeroizing::new("1234".to_owned());
    let wrong = HsmPlace { pin, refused: mark("wrong"), ..place(module, "issuing") };
    assert!(matches!(HsmKey::open(wrong), Err(HsmError::PinRefused)));
    // Even where it would be right: of what was refused nobody asks the token again.
    let same = HsmPlace { refused: mark("wrong"), ..place(module, "issuing") };
    assert!(matches!(HsmKey::open(same), Err(HsmError::PinRefused)));

    let issuing = open("issuing").unwrap();
    assert!(!format!("{issuing:?}").contains(PIN));
    let serials = [[1; 20], [2; 20]];
    let authority = CardsAuthority::create(&founding(false), key(1), issuing, serials).unwrap();
    let reopened = AuthorityKey::from(open("issuing").unwrap());
    let authority = CardsAuthority::open(reopened, &authority.chain()).unwrap();
    assert!(CardsAuthority::open(key(2), &authority.chain()).is_err());

    let issued = issue(&authority, CardProfile::Authentication);
    let wanted = wanted(CardProfile::Authentication);
    authority.check_card_certificate(&issued.der, &issued.public_key, &wanted).unwrap();
    Responder::create(&authority, &[5; 32], [6; 20], now()).unwrap();
    let mut revocations = Revocations::new();
    for revoked in [false, true] {
        if revoked {
            revocations.add(&hex::encode(issued.serial), now(), Reason::KeyCompromise).unwrap();
        }
        let next_update = now() + TimeDelta::days(1);
        let head = CrlHead { number: 1, this_update: now(), next_update };
        let crl = authority.crl(&head, &revocations).unwrap();
        let said = verify(&authority, &issued.der, &crl);
        assert_eq!(said.contains("certificate revoked"), revoked, "{said}");
        assert_eq!(said.ends_with("leaf.pem: OK\n"), !revoked, "{said}");
    }
    drop(authority);
    loses_its_session_and_then_its_pin(module);
}

/// A session that is lost costs nothing; a PIN that is wrong by then is tried once, and not until the
/// token locks.
fn loses_its_session_and_then_its_pin(module: &Path) {
    let key = HsmKey::open(place(module, "issuing")).unwrap();
    assert!(key.sign(b"before").is_ok());
    let other = Pkcs11::new(module).unwrap();
    let slots = other.get_slots_with_token().unwrap();
    let ours = |slot: &&Slot| other.get_token_info(**slot).unwrap().label() == "latchkey-test";
    let slot = *slots.iter().find(ours).unwrap();
    // Ends it for every session of this process.
    other.open_ro_session(slot).unwrap().logout().unwrap();
    assert!(key.sign(b"after").is_ok());

    other.open_ro_session(slot).unwrap().logout().unwrap();
    let changes = |from: &str, to: &str| {
        let session = other.open_rw_session(slot).unwrap();
        session.login(UserType::User, Some(&AuthPin::new(from.into()))).unwrap();
        session.set_pin(&AuthPin::new(from.into()), &AuthPin::new(to.into())).unwrap();
        session.logout().unwrap();
    };
    changes(PIN, "11223344");
    assert!(matches!(key.sign(b"refused"), Err(HsmError::PinRefused)));
    // Even where it would be right again: nobody asks the token.
    changes("11223344", PIN);
    assert!(matches!(key.sign(b"not tried"), Err(HsmError::PinRefused)));
    assert!(matches!(HsmKey::open(place(module, "issuing")), Err(HsmError::PinRefused)));
    let other_pin = HsmPlace { refused: mark("changed"), ..place(module, "issuing") };
    assert!(HsmKey::open(other_pin).unwrap().sign(b"after a change and a restart").is_ok());
}

/// What `openssl verify` says of a certificate with this list.
fn verify(authority: &CardsAuthority, leaf: &[u8], crl: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let anchor = write(folder.path(), "root.pem", &authority.chain()[1..]);
    let between = write(folder.path(), "issuing.pem", &authority.chain()[..1]);
    let leaf = write(folder.path(), "leaf.pem", &[leaf.to_vec()]);
    let der = folder.path().join("list.der");
    fs::write(&der, crl).unwrap();
    let list = folder.path().join("list.pem");
    let (der, list) = (der.to_str().unwrap(), list.to_str().unwrap());
    openssl(&["crl", "-inform", "DER", "-in", der, "-out", list]).unwrap();
    let at = (now() + TimeDelta::hours(1)).timestamp().to_string();
    openssl(&[
        "verify",
        "-x509_strict",
        "-crl_check",
        "-attime",
        &at,
        "-CAfile",
        &anchor,
        "-untrusted",
        &between,
        "-CRLfile",
        list,
        &leaf,
    ])
    .unwrap()
}
