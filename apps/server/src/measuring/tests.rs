use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use metrics::{
    Counter, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder,
};

use super::*;

/// Writes down what each metric is said to be and to mean.
#[derive(Default)]
struct Listener(Mutex<Vec<(String, &'static str, String)>>);

impl Listener {
    fn heard(&self, name: &KeyName, kind: &'static str, meaning: &SharedString) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((name.as_str().to_owned(), kind, meaning.to_string()));
    }
}

impl Recorder for Listener {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, meaning: SharedString) {
        self.heard(&name, "counter", &meaning);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, meaning: SharedString) {
        self.heard(&name, "gauge", &meaning);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, meaning: SharedString) {
        self.heard(&name, "histogram", &meaning);
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Every metric by its name: its type and its meaning. None is described twice.
fn described() -> BTreeMap<String, (&'static str, String)> {
    let listener = Listener::default();
    with_local_recorder(&listener, describe);
    let all = listener.0.into_inner().unwrap();
    let count = all.len();
    let by_name: BTreeMap<_, _> = all
        .into_iter()
        .map(|(name, kind, meaning)| (name, (kind, meaning)))
        .collect();
    assert_eq!(by_name.len(), count, "described twice");
    by_name
}

#[test]
fn names_are_as_prometheus_wants_them() {
    for (name, (kind, meaning)) in described() {
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(name.starts_with("boxoffice_"), "{name}");
        assert!(name.bytes().all(letters) && !name.contains("__"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        let reserved = ["_count", "_sum", "_bucket"];
        assert!(!reserved.iter().any(|end| name.ends_with(end)), "{name}");
        let units = ["_milliseconds", "_ms", "_minutes", "_kilobytes", "_percent"];
        assert!(!units.iter().any(|unit| name.contains(unit)), "{name}");
        let in_base_units = name.ends_with("_seconds") || name.ends_with("_requests");
        assert!(kind != "histogram" || in_base_units, "{name}: what unit?");
        let kinds = ["_counter", "_gauge", "_histogram"];
        assert!(!kinds.iter().any(|kind| name.contains(kind)), "{name}");
        assert!(meaning.len() > 10 && !meaning.ends_with('.'), "{name}");
        assert!(!meaning.contains(['|', '\n', '\\']), "{name}");
    }
}

/// The page cannot rot: it has every metric, with the words that Prometheus is told.
#[test]
fn every_metric_is_in_the_documentation_with_its_type_and_meaning() {
    let page = include_str!("../../../../docs/metrics.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter(|row| row.starts_with("boxoffice_"));
    let written: BTreeMap<_, _> = rows
        .map(|row| {
            let cells: Vec<_> = row
                .trim_end_matches('|')
                .split('|')
                .map(str::trim)
                .collect();
            let [name, kind, _, meaning] = cells[..] else {
                panic!("four cells: {row}");
            };
            (
                name.trim_matches('`').to_owned(),
                (kind, meaning.to_owned()),
            )
        })
        .collect();
    assert_eq!(written, described());
}

#[test]
fn histograms_have_buckets_and_not_quantiles() {
    let recorder = builder().unwrap().build_recorder();
    with_local_recorder(&recorder, || {
        metrics::histogram!("boxoffice_x_seconds").record(0.0015);
        metrics::histogram!("boxoffice_x_requests").record(3.0);
    });
    let text = recorder.handle().render();
    for line in [
        r#"boxoffice_x_seconds_bucket{le="0.001"} 0"#,
        r#"boxoffice_x_seconds_bucket{le="0.002"} 1"#,
        r#"boxoffice_x_requests_bucket{le="4"} 1"#,
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
}
