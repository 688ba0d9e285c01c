//! The text format of Prometheus, and the table of docs/metrics.md.

use std::collections::{BTreeMap, BTreeSet};

/// What was scraped.
pub struct Scrape {
    pub families: BTreeMap<String, Family>,
    samples: Vec<Sample>,
}

/// A metric: all that has its name.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    pub help: String,
    pub labels: BTreeSet<String>,
}

struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Scrape {
    pub fn of(text: &str) -> Self {
        let mut scrape = Self {
            families: BTreeMap::new(),
            samples: Vec::new(),
        };
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["#", "TYPE", name, kind] => kind.clone_into(&mut scrape.family(name).kind),
                ["#", "HELP", name, ref help @ ..] => scrape.family(name).help = help.join(" "),
                _ => scrape.sample(line),
            }
        }
        scrape
    }

    fn family(&mut self, name: &str) -> &mut Family {
        self.families.entry(name.to_owned()).or_default()
    }

    fn sample(&mut self, line: &str) {
        let (key, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = key.split_once('{').unwrap_or((key, ""));
        let labels = labels_of(labels.trim_end_matches('}'));
        let family = self.families.keys().find(|family| stands_for(family, name));
        let family = family.unwrap_or_else(|| panic!("no TYPE: {line}")).clone();
        let names = labels.keys().filter(|label| *label != "le").cloned();
        self.family(&family).labels.extend(names);
        self.samples.push(Sample {
            name: name.to_owned(),
            labels,
            value: value.parse().unwrap(),
        });
    }

    /// The first value with this name and these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |sample: &&Sample| {
            let has = |(label, value): &(&str, &str)| {
                sample.labels.get(*label).is_some_and(|it| it == value)
            };
            sample.name == name && labels.iter().all(has)
        };
        Some(self.samples.iter().find(fits)?.value)
    }

    /// Whether there is any value with this name.
    pub fn has(&self, name: &str) -> bool {
        self.value(name, &[]).is_some()
    }
}

fn labels_of(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split("\",").filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once("=\"").unwrap();
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    };
    pairs.map(pair).collect()
}

/// Whether a sample of this name is one of the family: a histogram has three kinds.
fn stands_for(family: &str, name: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|end| ["", "_bucket", "_sum", "_count"].contains(&end))
}

/// The metrics that an expression asks for.
pub fn names_in(expression: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = expression.split(|letter| !is_part(letter));
    let names = words.filter(|word| word.starts_with("boxoffice_"));
    names.map(str::to_owned).collect()
}

/// The table of docs/metrics.md: the type and the labels of each metric.
pub fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let page = include_str!("../../../docs/metrics.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `boxoffice_"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`').to_owned();
        let labels = cells[3].split(", ").filter(|label| *label != "–");
        let labels = labels.map(|label| label.trim_matches('`').to_owned());
        (name, (cells[2].to_owned(), labels.collect()))
    };
    rows.map(row).collect()
}
