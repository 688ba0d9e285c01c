use domain::{catalogue::KnownShow, id::ConcertId};
use proptest::prelude::*;

use super::*;
use crate::concerts::{csv, export, json};

fn faults(text: &str) -> Vec<String> {
    let read = if text.trim_start().starts_with('{') {
        json::read(text.as_bytes())
    } else {
        csv::read(text.as_bytes())
    };
    let faults = read.and_then(|lines| gather(&lines)).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

fn table(text: &str) -> Vec<Show> {
    gather(&csv::read(text.as_bytes()).unwrap()).unwrap().0
}

const HEAD: &str = "key,title,venue,starts_at,sales_open_at,grade,price,from,to\n";

#[test]
fn the_example_table_and_the_example_in_json_are_the_same() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/concerts");
    let read = |ending| std::fs::read(format!("{root}.{ending}")).unwrap();
    let table = gather(&csv::read(&read("csv")).unwrap()).unwrap().0;
    let json = gather(&json::read(&read("json")).unwrap()).unwrap().0;
    assert!(table.len() >= 2);
    assert_eq!(table, json);
}

#[test]
fn lines_of_one_date_are_one_hall_whatever_their_order() {
    let shows = table(&format!(
        "\u{feff}{HEAD}a,Night,Hall,2026-12-24T19:00:00+09:00,,R,20000,11,20\n\
         a,Night,Hall,2026-12-25T19:00:00+09:00,,R,1,1,1\n\
         a,Night,Hall,2026-12-24T10:00:00Z,,VIP,30000,1,10\n"
    ));
    assert_eq!(shows.len(), 1);
    let counts: Vec<_> = shows[0]
        .dates
        .iter()
        .map(|date| date.plan.seats().count())
        .collect();
    assert_eq!(counts, [20, 1]);
}

#[test]
fn without_seats_a_date_has_the_usual_fifty_and_without_a_date_a_concert_has_none() {
    let shows = table("venue,title,starts_at\nHall,Night,2026-12-24T19:00:00+09:00\nHall,Day,\n");
    assert_eq!(shows[0].dates[0].plan, SeatPlan::standard());
    assert_eq!((shows[0].key.clone(), shows[1].dates.len()), (None, 0));
}

#[test]
fn each_fault_of_a_table_is_named_by_line_and_column_with_what_to_write() {
    let found = faults(&format!(
        "{HEAD}a,,Hall,24.12.2026,,R,\"110,000\",0,5\n\
         b,Night,Hall,2026-12-24T19:00:00+09:00,2026-12-25T19:00:00+09:00,R,1,1,5\n\
         c,Night,Hall,2026-12-24T19:00:00+09:00,,R,1,9,5\n\
         d,Night,Hall,2026-12-24T19:00:00+09:00,,R,1,1,5\n\
         d,Night,Hall,2026-12-24T19:00:00+09:00,,R,1,5,9\n\
         d,Night,Park,2026-12-24T19:00:00+09:00,,R,1,10,19\n\
         e,Night,Hall,,,R,1,1,9\n"
    ));
    for (at, expected) in [
        "line 2, title: it is empty: write 1 to 200 characters",
        "line 2, price: \"110,000\" is not understood: write whole won without commas",
        "line 2, from: \"0\" is not understood: write a whole number, 1 to 50000",
        "line 2, starts_at: \"24.12.2026\" is not understood: write a date and time with its offset",
        "line 3, sales_open_at: sales open after the concert has begun",
        "line 4, to: the last seat comes before the first: write 9 or more",
        "line 6: some of these seats are in an earlier line of the same date",
        "line 7, venue: line 5 says \"Hall\" of the same concert: write the same",
        "line 8, starts_at: it is empty: write a date",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(found[at].starts_with(expected), "{found:#?}");
    }
    assert_eq!(found.len(), 9, "{found:#?}");
}

#[test]
fn a_table_that_is_none_is_refused_with_what_to_correct() {
    for (text, expected) in [
        (
            "title,venue,colour\n",
            "line 1: there is no column \"colour\": write some of key, title",
        ),
        (
            "title,title,venue\n",
            "line 1: the column title is there twice",
        ),
        ("title\n", "line 1: the column venue is missing: add it"),
        (
            "title,venue\na\n",
            "line 2: there are 1 values for 2 columns",
        ),
        (
            "title,venue\na,b\nc,\"d,e\",f\n",
            "line 3: there are 3 values",
        ),
    ] {
        let found = faults(text);
        assert!(found[0].starts_with(expected), "{found:?}");
    }
    let latin = csv::read(b"title,venue\ncaf\xe9,b\n").unwrap_err();
    assert!(
        latin[0]
            .to_string()
            .starts_with("line 2: this is not UTF-8"),
        "{latin:?}"
    );
}

#[test]
fn each_fault_of_json_is_named_by_its_place() {
    let found = faults(
        r#"{"concerts": [
  {"title": "Night", "venue": 5, "dates": [
    {"starts_at": "tomorrow", "seats": [{"grade": "R", "price": -1, "from": 1, "to": 5}]},
    {"starts_at": "2026-12-24T19:00:00+09:00", "seats": [{"grade": "R", "from": 1, "to": 5}]}
  ]}
]}"#,
    );
    for (at, expected) in [
        "line 3:19, starts_at: \"tomorrow\" is not understood",
        "line 3:65, price: \"-1\" is not understood",
        "line 4:58, price: it is empty: write whole won",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(found[at].starts_with(expected), "{found:#?}");
    }
    assert_eq!(found.len(), 3, "{found:#?}");
    let broken = faults("{\"concerts\": [\n  {\"title\": \"Night\",}\n]}");
    assert!(broken[0].starts_with("line 2:21: "), "{broken:?}");
    let unknown = faults("{\"concerts\": [\n  {\"name\": \"Night\"}\n]}");
    assert!(
        unknown[0].starts_with("line 2:9: unknown field `name`"),
        "{unknown:?}"
    );
}

fn words() -> impl Strategy<Value = ShortText> {
    "[a-zA-Z가-힣,\"' ;=]{0,12}[a-z\"]".prop_map(|text| ShortText::new(&text).unwrap())
}

prop_compose! {
    fn date()(
        minutes in 0..100_000_i64,
        opens in proptest::option::of(0..10_000_i64),
        runs in proptest::collection::vec((words(), 0..1_000_i64, 1..300_i64, 0..3_i64), 1..5),
    ) -> ShowDate {
        let starts_at = OffsetDateTime::UNIX_EPOCH + time::Duration::minutes(minutes);
        let (mut blocks, mut next) = (Vec::new(), 1);
        for (grade, price, seats, gap) in runs {
            let number = |n| domain::seats::SeatNumber::new(n).unwrap();
            let (from, to) = (number(next + gap), number(next + gap + seats));
            let price = domain::money::Money::won(price);
            blocks.push(SeatBlock { grade, price, from, to });
            next += gap + seats + 1;
        }
        let sales_open_at = opens.map(|before| starts_at - time::Duration::minutes(before));
        ShowDate { starts_at, sales_open_at, plan: SeatPlan::new(blocks).unwrap() }
    }
}

fn shows() -> impl Strategy<Value = Vec<KnownShow>> {
    let dates = proptest::collection::vec(date(), 0..4);
    let show = (words(), words(), dates);
    proptest::collection::vec(show, 0..4).prop_map(|shows| {
        let known = |(at, (title, venue, dates)): (usize, _)| KnownShow {
            id: ConcertId::new(uuid::Uuid::from_u128(at as u128)),
            show: Show {
                key: None,
                title,
                venue,
                dates,
            },
        };
        shows.into_iter().enumerate().map(known).collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(shows in shows()) {
        let expected: Vec<_> = shows.iter().map(|known| Show {
            key: ShortText::new(&known.name()).ok(),
            ..known.show.clone()
        }).collect();
        let (mut table, mut nested) = (Vec::new(), Vec::new());
        csv::write(&export::lines(&shows).unwrap(), &mut table).unwrap();
        json::write(&shows, &mut nested).unwrap();
        for lines in [csv::read(&table), json::read(&nested)] {
            prop_assert_eq!(&gather(&lines.unwrap()).unwrap().0, &expected);
        }
    }
}
