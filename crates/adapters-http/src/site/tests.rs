use std::{collections::BTreeSet, fs, path::Path};

use super::Texts;
use crate::{board, shop, testing::*};

const PAGE: &str = "index.html";

/// A site of `apps/web`.
struct Served {
    files: Texts,
    folder: &'static str,
    /// Where its page is, and what its parts are below.
    page: &'static str,
    parts: &'static str,
}

const SHOP: Served = Served {
    files: shop::FILES,
    folder: "",
    page: "/",
    parts: "/app/",
};
const BOARD: Served = Served {
    files: board::FILES,
    folder: "operator",
    page: "/operator",
    parts: "/operator/",
};

/// The names of all files below `folder`, as the page asks for them.
fn names(folder: &Path, prefix: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let below = entries.flat_map(|entry| {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            names(&entry.path(), &format!("{name}/"))
        } else {
            BTreeSet::from([name])
        }
    });
    below.collect()
}

#[test]
fn every_file_of_the_shop_and_of_the_board_is_in_the_program() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/web");
    for site in [SHOP, BOARD] {
        let kept: BTreeSet<_> = site.files.iter().map(|(name, _)| (*name).into()).collect();
        let mut there = names(&web.join(site.folder), "");
        if site.folder.is_empty() {
            there.retain(|name| !name.starts_with("operator/"));
        }
        assert_eq!(kept, there);
    }
}

#[actix_web::test]
async fn pages_and_their_parts_are_answered_with_their_policy() {
    for site in [SHOP, BOARD] {
        for (name, _) in site.files {
            let path = match *name {
                PAGE => site.page.to_owned(),
                name => format!("{}{name}", site.parts),
            };
            let answer = Fixture::new().ask(get(&path)).await;
            assert_eq!(answer.status, 200, "{path}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'; script-src 'self'; style-src 'self';"));
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(answer.header("etag").unwrap().starts_with('"'), "{path}");
            assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    }
}

#[test]
fn pages_have_no_script_and_no_style_in_themselves_and_name_no_other_host() {
    for (name, text) in [SHOP, BOARD].iter().flat_map(|site| site.files) {
        assert!(!text.contains("innerHTML"), "{name}");
        // Its comments say where it is from.
        if !name.starts_with("vendor/") {
            let is_foreign = |at: &&str| !at.starts_with("www.w3.org/2000/svg");
            let hosts: Vec<_> = text.split("://").skip(1).filter(is_foreign).collect();
            assert_eq!(hosts, [""; 0], "{name}");
        }
        if *name == PAGE {
            assert!(
                !text.contains("<script>") && !text.contains("<style") && !text.contains("style=")
            );
        }
    }
}

#[actix_web::test]
async fn whoever_has_a_file_is_not_sent_it_again() {
    for path in [SHOP.page, BOARD.page] {
        let first = Fixture::new().ask(get(path)).await;
        let tag = first.header("etag").unwrap().to_owned();
        let again = get(path).insert_header(("if-none-match", tag));
        let again = Fixture::new().ask(again).await;
        assert_eq!((again.status, again.body.is_null()), (304, true));
    }
}

#[actix_web::test]
async fn what_is_no_part_of_a_site_is_not_found() {
    for path in [
        "/app",
        "/app/",
        "/app/x.js",
        "/app/views/x.js",
        "/app/..%2fmain.js",
        "/app/operator/main.js",
        "/index.html",
        "/operator/",
        "/operator/x.js",
        "/operator/views/waiting.js",
        "/operator/..%2fstore.js",
    ] {
        let answer = Fixture::new().ask(get(path)).await;
        assert_eq!(answer.problem(), (404, "not_found"), "{path}");
    }
}
