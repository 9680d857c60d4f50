//! The files that pages refer to. A name changes with its bytes, so a browser may keep them for
//! ever and still never shows a page with yesterday's style.

/// A file as it goes over the wire.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// The whole body.
    pub bytes: &'static [u8],
}

struct Entry {
    name: &'static str,
    served: &'static str,
    asset: Asset,
}

/// Written by the build script.
const TABLE: &[Entry] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file served as `/assets/{served}`, for instance `nhsuk-1a2b3c4d.css`.
#[must_use]
pub fn asset(served: &str) -> Option<Asset> {
    TABLE.iter().find(|entry| entry.served == served).map(|entry| entry.asset)
}

/// The address of a file by its plain name: `nhsuk.css` is `/assets/nhsuk-1a2b3c4d.css`.
/// Templates write `{{ asset("nhsuk.css") }}`.
#[must_use]
pub fn asset_path(name: &str) -> Option<String> {
    let entry = TABLE.iter().find(|entry| entry.name == name)?;
    Some(format!("/assets/{}", entry.served))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> &'static str {
        let path = asset_path(name).unwrap();
        std::str::from_utf8(asset(path.strip_prefix("/assets/").unwrap()).unwrap().bytes).unwrap()
    }

    #[test]
    fn a_file_is_found_under_its_hashed_name_only() {
        let served = asset_path("app.css").unwrap();
        assert_eq!(served.len(), "/assets/app-12345678.css".len());
        assert!(asset("app.css").is_none());
        assert!(asset("../Cargo.toml").is_none());
        assert!(asset_path("unknown.css").is_none());
    }

    #[test]
    fn the_style_sheet_asks_for_nothing_that_is_not_served() {
        let style = text("nhsuk.css");
        assert!(!style.contains("@font-face") && !style.contains("sourceMappingURL"));
        for reference in style.split("url(/assets/").skip(1) {
            let (served, _) = reference.split_once(')').unwrap();
            assert!(asset(served).is_some(), "{served}");
        }
    }

    #[test]
    fn the_script_imports_the_nhs_script_by_its_hashed_name() {
        let (_, from) = text("app.js").split_once("from './").unwrap();
        let (served, _) = from.split_once('\'').unwrap();
        assert!(asset(served).is_some(), "{served}");
        assert!(text("nhsuk.js").contains("initAll"));
    }

    #[test]
    fn no_file_has_an_inline_style_or_fetches_from_elsewhere() {
        for entry in TABLE {
            let text = std::str::from_utf8(entry.asset.bytes).unwrap();
            assert!(!text.contains(" style=\""), "{}", entry.name);
            assert!(!text.contains("url(http"), "{}", entry.name);
        }
    }
}
