use super::*;

/// An evening on which all is well.
fn evening() -> Evening {
    let places = vec![
        Place {
            arrival: 1,
            admission: 10,
        },
        Place {
            arrival: 2,
            admission: 20,
        },
    ];
    Evening {
        title: "Opening night".to_owned(),
        seats: 50,
        seconds: 1.0,
        counts: Counts::default(),
        outcomes: Vec::new(),
        timeline: Vec::new(),
        admissions: Vec::new(),
        steps: Vec::new(),
        problems: Vec::new(),
        wrong: Vec::new(),
        fairness: vec![Fairness::of("test", places)],
        audit: Audit::Clean(String::new()),
        reasons: Vec::new(),
    }
}

fn judge(evening: &Evening, outcomes: &[(Outcome, u64)]) -> Vec<String> {
    evening.judge(&outcomes.iter().copied().collect(), true)
}

#[test]
fn an_evening_on_which_all_is_well_has_no_reason_against_it() {
    assert_eq!(judge(&evening(), &[(Outcome::Bought, 2)]), [""; 0]);
}

#[test]
fn each_thing_that_must_not_be_is_a_reason() {
    let unfair = vec![
        Place {
            arrival: 1,
            admission: 20,
        },
        Place {
            arrival: 2,
            admission: 10,
        },
    ];
    let stranger = ProblemView {
        code: "internal_error".to_owned(),
        status: 500,
        step: "hold",
        number: 3,
        known: false,
    };
    let spoilt = [
        Evening {
            fairness: vec![Fairness::of("test", unfair)],
            ..evening()
        },
        Evening {
            fairness: vec![Fairness::of("test", Vec::new())],
            ..evening()
        },
        Evening {
            problems: vec![stranger],
            ..evening()
        },
        Evening {
            audit: Audit::Failed("broken".to_owned()),
            ..evening()
        },
        Evening {
            audit: Audit::NotAsked,
            ..evening()
        },
    ];
    for evening in spoilt {
        let reasons = judge(&evening, &[]);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
    }
    assert_eq!(
        judge(&evening(), &[(Outcome::WentWrong, 1)]),
        ["1 fans met a defect"]
    );
}

#[test]
fn the_buckets_have_every_latency_once() {
    let mut tally = Tally::new();
    let times = [1_u64, 99, 100, 101, 5_000, 999_999, 59_000_000];
    for micros in times {
        tally.served(Step::Hold, Duration::from_micros(micros));
    }
    let view = view(&tally, Step::Hold);
    let sum: u64 = view.buckets.iter().map(|(_, number)| number).sum();
    assert_eq!(sum, times.len() as u64);
    assert!(view.buckets.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn admissions_are_counted_by_second_from_the_first_arrival() {
    let second = 1_000_000_000;
    let place = |arrival, admission| Place { arrival, admission };
    let places = [
        place(5 * second, 5 * second),
        place(5 * second + 1, 7 * second + 3),
        place(6 * second, 7 * second + 4),
    ];
    assert_eq!(admissions(&places), [1, 0, 2]);
    assert!(admissions(&[]).is_empty());
}
