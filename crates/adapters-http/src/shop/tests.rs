use std::{collections::BTreeSet, fs, path::Path};

use super::{FILES, PAGE};
use crate::testing::*;

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
fn every_file_of_the_shop_is_in_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/web");
    let kept: BTreeSet<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(kept, names(&folder, ""));
}

#[actix_web::test]
async fn the_page_and_its_parts_are_answered_with_their_policy() {
    for (name, _) in FILES {
        let path = match *name {
            PAGE => "/".to_owned(),
            name => format!("/app/{name}"),
        };
        let answer = Fixture::new().ask(get(&path)).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'; style-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(answer.header("etag").unwrap().starts_with('"'), "{path}");
        assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn the_page_has_no_script_and_no_style_in_itself_and_names_no_other_host() {
    for (name, text) in FILES {
        let is_foreign = |at: &&str| !at.starts_with("www.w3.org/2000/svg");
        let hosts: Vec<_> = text.split("://").skip(1).filter(is_foreign).collect();
        assert_eq!(hosts, [""; 0], "{name}");
        assert!(!text.contains("innerHTML"), "{name}");
        if *name == PAGE {
            assert!(
                !text.contains("<script>") && !text.contains("<style") && !text.contains("style=")
            );
        }
    }
}

#[actix_web::test]
async fn whoever_has_a_file_is_not_sent_it_again() {
    let first = Fixture::new().ask(get("/")).await;
    let tag = first.header("etag").unwrap().to_owned();
    let again = Fixture::new()
        .ask(get("/").insert_header(("if-none-match", tag)))
        .await;
    assert_eq!((again.status, again.body.is_null()), (304, true));
}

#[actix_web::test]
async fn what_is_no_part_of_the_shop_is_not_found() {
    for path in [
        "/app",
        "/app/",
        "/app/x.js",
        "/app/views/x.js",
        "/app/..%2fmain.js",
        "/index.html",
    ] {
        let answer = Fixture::new().ask(get(path)).await;
        assert_eq!(answer.problem(), (404, "not_found"), "{path}");
    }
}
