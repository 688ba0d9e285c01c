//! The sales of concerts, as Prometheus reads them. They are written here and not by the recorder, which
//! never forgets: a concert that is long over is to be gone.

use std::fmt::Write;

use adapters_postgres::ConcertSales;
use metrics::describe_gauge;

type Of = fn(&ConcertSales) -> u64;

const METRICS: [(&str, &str, Of); 4] = [
    (
        "boxoffice_concert_seats",
        "Seats of a concert, of its dates that are at most two days past; of the hundred that sold most",
        |sales| sales.seats,
    ),
    (
        "boxoffice_concert_seats_remaining",
        "Seats of a concert that are neither held nor sold",
        |sales| sales.remaining,
    ),
    (
        "boxoffice_concert_seats_sold",
        "Seats of a concert that are sold, with those that the house keeps or gave away",
        |sales| sales.sold,
    ),
    (
        "boxoffice_concert_revenue_won",
        "Won that were paid for the sold seats of a concert",
        |sales| sales.revenue,
    ),
];

/// Says what the metrics mean.
pub fn describe() {
    for (name, meaning, _) in METRICS {
        describe_gauge!(name, meaning);
    }
}

/// The metrics as text.
pub fn shown(concerts: &[ConcertSales]) -> String {
    let mut text = String::new();
    for (name, meaning, of) in METRICS {
        if concerts.is_empty() {
            break;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {meaning}\n# TYPE {name} gauge");
        for concert in concerts {
            let (id, title, value) = (concert.id, escaped(&concert.title), of(concert));
            let _ = writeln!(text, "{name}{{concert=\"{id}\",title=\"{title}\"}} {value}");
        }
        text.push('\n');
    }
    text
}

/// A label's value as the text format wants it.
fn escaped(title: &str) -> String {
    title
        .replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_concert_has_a_line_of_each_metric() {
        let concert = ConcertSales {
            id: uuid::Uuid::from_u128(1),
            title: "\"A\\B\"\n밤".to_owned(),
            seats: 50,
            remaining: 40,
            sold: 8,
            revenue: 880_000,
        };
        let text = shown(&[concert]);
        let of = r#"{concert="00000000-0000-0000-0000-000000000001",title="\"A\\B\"\n밤"}"#;
        for line in [
            "# HELP boxoffice_concert_seats_sold Seats of a concert that are sold, with those that the house keeps or gave away".to_owned(),
            "# TYPE boxoffice_concert_seats_sold gauge".to_owned(),
            format!("boxoffice_concert_seats{of} 50"),
            format!("boxoffice_concert_seats_remaining{of} 40"),
            format!("boxoffice_concert_seats_sold{of} 8"),
            format!("boxoffice_concert_revenue_won{of} 880000"),
        ] {
            assert!(text.lines().any(|told| told == line), "{line}\n{text}");
        }
    }

    #[test]
    fn without_concerts_there_is_nothing() {
        assert_eq!(shown(&[]), "");
    }
}
