//! Every example that the NHS design system ships, rendered by us and compared with the HTML it
//! ships beside it. An upgrade of either package is proved by this test, not hoped for.

use std::{fs, path::Path};

use minijinja::{Environment, Value, context, value::Serde};

use crate::testing::outline;

const N_EXAMPLES: usize = 983;

#[test]
fn all_983_examples_of_the_design_system_render_to_their_own_html() {
    let components = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../node_modules/nhsuk-frontend/dist/nhsuk/components");
    let environment = crate::environment(&[]).unwrap();
    let mut n_examples = 0;
    for component in fs::read_dir(components).unwrap() {
        let folder = component.unwrap().path();
        let Ok(text) = fs::read_to_string(folder.join("fixtures.json")) else { continue };
        let fixtures: serde_json::Value = serde_json::from_str(&text).unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap();
        for fixture in fixtures["fixtures"].as_array().unwrap() {
            let ours = outline(&rendered(&environment, name, fixture));
            let theirs = outline(fixture["html"].as_str().unwrap());
            assert_eq!(ours, theirs, "{name}: {}", fixture["name"]);
            n_examples += 1;
        }
    }
    assert_eq!(n_examples, N_EXAMPLES);
}

fn rendered(environment: &Environment<'_>, name: &str, fixture: &serde_json::Value) -> String {
    let call = macro_name(name);
    let import = format!(r#"{{% from "nhsuk/components/{name}/macro.jinja" import {call} %}}"#);
    let block = fixture["callBlock"].as_str();
    let source = match block {
        Some(_) => {
            format!("{import}{{% call {call}(params) %}}{{{{ block | safe }}}}{{% endcall %}}")
        }
        None => format!("{import}{{{{ {call}(params) }}}}"),
    };
    let params = Value::from(Serde(&fixture["context"]));
    environment
        .render_str(&source, context!(params, block))
        .unwrap_or_else(|error| panic!("{name}: {}: {error:#}", fixture["name"]))
}

/// The folder's name in camel case, but for three.
fn macro_name(folder: &str) -> String {
    match folder {
        "tables" => "table".to_owned(),
        "images" => "image".to_owned(),
        "do-dont-list" => "list".to_owned(),
        _ => folder
            .split('-')
            .enumerate()
            .map(|(i, word)| match i {
                0 => word.to_owned(),
                _ => word[..1].to_uppercase() + &word[1..],
            })
            .collect(),
    }
}
