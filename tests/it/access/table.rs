//! The table of docs/routes.md.

use std::collections::BTreeMap;

use reqwest::Method;

/// A table row: a route, and the expected answer by column.
pub struct Row<'a> {
    /// The method.
    pub method: Method,
    /// The path, with `{id}` in it.
    pub path: &'a str,
    /// What is answered, by column.
    pub answers: BTreeMap<&'a str, &'a str>,
}

/// The table of docs/routes.md.
pub fn table() -> Vec<Row<'static>> {
    let page = include_str!("../../../docs/routes.md");
    let cells = |line: &'static str| -> Vec<&'static str> {
        let line = line.trim_matches('|');
        line.split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect()
    };
    let mut lines = page
        .lines()
        .skip_while(|line| !line.starts_with("| route |"));
    let columns = cells(lines.next().unwrap());
    let rows = lines.filter(|line| line.starts_with("| `")).map(|line| {
        let cells = cells(line);
        assert_eq!(cells.len(), columns.len(), "{line}");
        let (method, path) = cells[0].split_once(' ').unwrap();
        Row {
            method: method.parse().unwrap(),
            path,
            answers: columns.iter().copied().zip(cells).skip(1).collect(),
        }
    });
    rows.collect()
}
