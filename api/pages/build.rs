//! Puts the NHS style sheet, script and component templates, and our own layout, into the crate.
//!
//! The files come from `./latchkey up` (npm and `PyPI`, each by its hash). What changes on the way:
//! `@font-face` goes, because Frutiger needs a licence and the pages must work off the internet;
//! addresses of icons get the hashed names under which we serve them; source maps are not served.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use minijinja::{Environment, syntax::SyntaxConfig};
use sha2::{Digest as _, Sha256};

const NHS_FRONTEND: &str = "node_modules/nhsuk-frontend/dist/nhsuk";
const NHS_TEMPLATES: &str = "var/nhsuk-templates/nhsuk_frontend_jinja/templates";
/// The icons that the style sheet refers to.
const ICONS: [&str; 4] = [
    "nhsuk-icon-arrow-down.svg",
    "nhsuk-icon-arrow-up-down.svg",
    "nhsuk-icon-arrow-up.svg",
    "nhsuk-icon-cross.svg",
];

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = here.ancestors().nth(2).expect("this crate is api/pages");
    let frontend = fetched(root, NHS_FRONTEND, "nhsuk-frontend.min.css");
    let templates = fetched(root, NHS_TEMPLATES, "nhsuk/template.jinja");

    embed_assets(&frontend, &here.join("static"));
    embed_inline_script_hash(&templates);
    embed_templates(&[&templates, &here.join("templates")]);
}

/// The folder, or an end of the build that says what to do.
fn fetched(root: &Path, folder: &str, witness: &str) -> PathBuf {
    let path = root.join(folder);
    println!("cargo::rerun-if-changed={}", path.join(witness).display());
    assert!(path.join(witness).exists(), "{folder} is missing: run ./latchkey up first");
    path
}

/// Collects the files that pages refer to, for the table that `assets.rs` looks them up in.
struct Assets {
    out: PathBuf,
    table: String,
}

impl Assets {
    /// Adds a file; returns the name it is served under, which changes with its bytes.
    fn add(&mut self, name: &str, bytes: &[u8]) -> String {
        let (stem, extension) = name.rsplit_once('.').expect("every asset has an extension");
        let hash = hex::encode(&Sha256::digest(bytes)[..4]);
        let served = format!("{stem}-{hash}.{extension}");
        let file = self.out.join(&served);
        let path = quoted(&file);
        fs::write(&file, bytes).expect("the output folder can be written");
        let content_type = match extension {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}: no content type is known for it"),
        };
        let _ = writeln!(
            self.table,
            "    Entry {{ name: {name:?}, served: {served:?}, asset: Asset {{ content_type: {content_type:?}, bytes: include_bytes!({path}) }} }},"
        );
        served
    }
}

fn embed_assets(frontend: &Path, own: &Path) {
    println!("cargo::rerun-if-changed={}", own.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let mut assets = Assets { out: out.clone(), table: String::from("&[\n") };

    let mut style = without_font_faces(&read(&frontend.join("nhsuk-frontend.min.css")));
    for icon in ICONS {
        let served = assets.add(icon, read(&frontend.join("assets/images").join(icon)).as_bytes());
        style = style.replace(&format!("/assets/images/{icon}"), &format!("/assets/{served}"));
    }
    assert!(!style.contains("/assets/images/"), "the style sheet refers to an icon not in ICONS");
    assert!(!style.contains("https:"), "the style sheet refers to another site");
    assets.add("nhsuk.css", without_source_map(&style).as_bytes());

    let script = read(&frontend.join("nhsuk-frontend.min.js"));
    let nhsuk_js = assets.add("nhsuk.js", without_source_map(&script).as_bytes());
    let app_js = read(&own.join("app.js")).replace("./nhsuk.js", &format!("./{nhsuk_js}"));
    assets.add("app.js", app_js.as_bytes());
    for name in ["app.css", "time-out.js", "live.js", "logo.svg", "favicon.svg"] {
        assets.add(name, read(&own.join(name)).as_bytes());
    }

    assets.table.push(']');
    fs::write(out.join("assets.rs"), assets.table).expect("the output folder can be written");
}

/// The source of the hash in the content security policy: the page template's one inline script.
fn embed_inline_script_hash(templates: &Path) {
    let template = read(&templates.join("nhsuk/template.jinja"));
    let (_, from_script) = template.split_once("<script").expect("the template has a script");
    let (_, from_body) = from_script.split_once("{% endif %}>").expect("its tag takes a nonce");
    let (script, rest) = from_body.split_once("</script>").expect("it ends");
    assert!(!rest.contains("<script"), "the template has one inline script");
    assert!(
        !script.contains('{') || !script.contains("{{"),
        "the script is the same on every page"
    );
    let hash = BASE64_STANDARD.encode(Sha256::digest(script.as_bytes()));
    println!("cargo::rustc-env=INLINE_SCRIPT_SHA256={hash}");
}

/// Parses every template, so that a syntax error ends the build and not the start-up, and writes
/// the list of them, name and source.
fn embed_templates(folders: &[&Path]) {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    let mut environment = Environment::new();
    environment.set_syntax(syntax.expect("the default delimiters are valid"));
    let mut table = String::from("&[\n");
    for folder in folders {
        for path in files_below(folder, "jinja") {
            if let Err(error) = environment.template_from_str(&read(&path)) {
                println!("cargo::error={}: {error}", path.display());
            }
            let name = path.strip_prefix(folder).expect("it is below the folder");
            let (name, path) = (quoted(name), quoted(&path));
            let _ = writeln!(table, "    ({name}, include_str!({path})),");
        }
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("templates.rs"), table).expect("the output folder can be written");
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        println!("cargo::rerun-if-changed={}", folder.display());
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn without_font_faces(style: &str) -> String {
    let mut kept = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(start) = rest.find("@font-face{") {
        kept.push_str(&rest[..start]);
        let length = rest[start..].find('}').expect("the rule is closed") + 1;
        rest = &rest[start + length..];
    }
    kept + rest
}

fn without_source_map(source: &str) -> &str {
    let end =
        source.rfind("//# sourceMappingURL=").or_else(|| source.rfind("/*# sourceMappingURL="));
    end.map_or(source, |end| &source[..end])
}

/// The path as a Rust string literal.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_str().expect("the path is UTF-8"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
