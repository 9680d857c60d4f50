//! The NHS components need missing parameters to read as nothing, which would also hide our own
//! typing mistakes. So a page's view model is wrapped: an unknown field of it, at any depth, is an
//! error, while the components stay as lenient as they expect to be.
//!
//! The other side of it: a part of a view model cannot be handed to a component as it is; the
//! template says which field becomes which parameter.

use std::sync::Arc;

use minijinja::{
    Error, ErrorKind, Value,
    value::{Enumerator, Object, ObjectRepr, ValueKind},
};

#[derive(Debug)]
struct Strict(Value);

/// The same value, with every map in it strict.
pub(crate) fn wrap(value: Value) -> Value {
    let kind = value.kind();
    if kind == ValueKind::Map {
        return Value::from_object(Strict(value));
    }
    if kind != ValueKind::Seq {
        return value;
    }
    match value.try_iter() {
        Ok(items) => items.map(wrap).collect(),
        Err(error) => Value::from(error),
    }
}

impl Object for Strict {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match self.0.get_item(key) {
            Ok(value) if !value.is_undefined() => Some(wrap(value)),
            Ok(_) | Err(_) => Some(Value::from(Error::new(
                ErrorKind::UndefinedError,
                format!("the view model has no field {key}"),
            ))),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.0.try_iter() {
            Ok(keys) => Enumerator::Values(keys.collect()),
            Err(_) => Enumerator::NonEnumerable,
        }
    }
}

#[cfg(test)]
mod tests {
    use minijinja::{Environment, context};

    use super::*;

    fn rendered(template: &str) -> Result<String, Error> {
        let environment: Environment<'_> = crate::environment(&[]).unwrap();
        let rows = vec![context!(name => "a", hint => ())];
        let page = wrap(context!(title => "Hi", back => (), rows, inner => context!(name => "b")));
        environment.render_str(template, context!(page))
    }

    #[test]
    fn what_is_there_and_what_is_optional_renders() {
        assert_eq!(rendered("{{ page.title }}{% if page.back %}x{% endif %}").unwrap(), "Hi");
        let rows =
            "{% for row in page.rows %}{{ row.name }}{% if row.hint %}x{% endif %}{% endfor %}";
        assert_eq!(rendered(rows).unwrap(), "a");
        assert_eq!(rendered("{{ page.inner.name }}{{ page.rows | length }}").unwrap(), "b1");
    }

    #[test]
    fn what_is_misspelt_is_an_error_at_any_depth() {
        for template in [
            "{{ page.titel }}",
            "{% if page.bak %}x{% endif %}",
            "{{ page.bak.href }}",
            "{% set x = { 'a': page.bak } %}{{ x.a }}",
            "{{ page.inner.nmae }}",
            "{% for row in page.rows %}{{ row.nmae }}{% endfor %}",
        ] {
            assert!(rendered(template).is_err(), "{template}");
        }
    }

    #[test]
    fn components_stay_lenient() {
        let input = r#"{% from "nhsuk/components/input/macro.jinja" import input %}
            {{ input({ "name": "n", "label": { "text": page.title } }) }}"#;
        assert!(rendered(input).unwrap().contains("Hi"));
    }
}
