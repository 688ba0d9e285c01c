use std::time::Duration;

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::{
    evening::Audit,
    fairness::Place,
    options::Own,
    rehearsal::Trial,
    tally::{Counts, Sample, Step, Tally},
};

/// Each name has what must not get out of its place.
const NASTY: &str = "</script><b>\"Night\" & 'day'";

fn places(overtaken: bool) -> Vec<Place> {
    let place = |at: i128| Place {
        arrival: at,
        admission: if overtaken && at == 5 { 1_000 } else { at / 4 },
    };
    (0..40).map(place).collect()
}

fn evening(overtaken: bool) -> Evening {
    let mut tally = Tally::new();
    for step in Step::ALL {
        for millis in 1..40 {
            tally.served(step, Duration::from_millis(millis));
        }
    }
    tally.met(Step::Hold, "seat_unavailable", 409);
    tally.goes_wrong(NASTY.to_owned());
    let sample = |at: u32| Sample {
        at: f64::from(at) / 2.0,
        counts: Counts {
            arrived: 300,
            waiting: u64::from(at % 7),
            sold: u64::from(at),
            ..Counts::default()
        },
    };
    tally.timeline = (0..30).map(sample).collect();
    tally.places = places(overtaken);
    Evening::tell(
        NASTY,
        50,
        &tally,
        None,
        Audit::Clean(NASTY.to_owned()),
        true,
    )
}

fn report(evening: Evening) -> Report {
    let options = Options::parse_from(["boxoffice-rush"]);
    Report::of(&options, &[("CAPACITY", "60".to_owned())], evening)
}

fn page(evening: Evening) -> String {
    page::html(&report(evening)).unwrap()
}

/// The plots of a page, each parsed as XML.
fn plots(page: &str) -> Vec<roxmltree::Document<'_>> {
    let after = page.split("<svg ").skip(1);
    let plots = after.map(|rest| rest.split_once("</svg>").unwrap().0);
    plots
        .map(|plot| {
            let start = plot.as_ptr().addr() - page.as_ptr().addr() - "<svg ".len();
            let whole = &page[start..start + "<svg ".len() + plot.len() + "</svg>".len()];
            roxmltree::Document::parse(whole).unwrap()
        })
        .collect()
}

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn every_plot_is_xml_with_a_name_for_those_who_do_not_see_it() {
    let page = page(evening(false));
    let plots = plots(&page);
    // Over time, fairness, and a histogram for each step.
    assert_eq!(plots.len(), 4 + 1 + Step::ALL.len());
    for plot in &plots {
        let root = plot.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        assert!(
            root.attribute("aria-label")
                .is_some_and(|label| !label.is_empty())
        );
    }
    let dots = plots[4]
        .descendants()
        .filter(|node| node.attribute("class") == Some("dot"));
    assert_eq!(dots.count(), 40);
}

#[test]
fn the_page_needs_nothing_else_and_has_its_numbers_for_programs() {
    let page = page(evening(false));
    assert!(page.contains("<title>Rehearsal of "));
    assert!(page.contains("data-verdict=\"well\""));
    let own = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!own.contains("http") && !own.contains("<b>"), "{own}");
    let data = data(&page);
    assert_eq!(data["evening"]["title"], NASTY);
    assert_eq!(data["evening"]["fairness"][0]["overtaken"], 0);
    assert_eq!(data["evening"]["audit"]["result"], "clean");
    assert_eq!(data["evening"]["timeline"][3]["waiting"], 3);
    assert_eq!(
        data["evening"]["steps"].as_array().unwrap().len(),
        Step::ALL.len()
    );
}

#[test]
fn who_was_overtaken_is_told_and_shown() {
    let page = page(evening(true));
    assert!(page.contains("data-verdict=\"ill\""));
    assert!(page.contains("1 of 40 fans were let in after someone who had come later"));
    let plots = plots(&page);
    let bad = plots[4]
        .descendants()
        .filter(|node| node.attribute("class") == Some("bad"));
    assert!(bad.count() > 0);
}

#[test]
fn a_rehearsal_tells_what_to_set_and_is_well_only_if_every_trial_was() {
    let trial = |capacity, overtaken| {
        let own = Options::parse_from(["boxoffice-rush"]).own;
        Trial::of(&Own { capacity, ..own }, &evening(overtaken), (200, 10))
    };
    let proposal = Proposal::of(vec![trial(60, false), trial(30, false)]);
    let well = report(evening(false)).with(proposal);
    assert!(well.is_well());
    let page = page::html(&well).unwrap();
    assert!(page.contains("proposed: BOXOFFICE_CAPACITY=30 "));
    assert_eq!(plots(&page).len(), 3 + 4 + 1 + Step::ALL.len());
    let data = data(&page);
    assert_eq!(data["rehearsal"]["trials"][1]["capacity"], 60);
    assert_eq!(data["rehearsal"]["trials"][0]["no_shows"], 0.05);

    let proposal = Proposal::of(vec![trial(60, false), trial(30, true)]);
    assert_eq!(proposal.capacity, Some(60));
    assert!(!report(evening(false)).with(proposal).is_well());
}
