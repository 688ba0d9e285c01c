//! A bar chart as SVG: two bars a contest, readable on a light and on a dark page.

use std::fmt::Write;

use crate::stats::number;

/// What two sides reached at the same thing.
pub struct Pair {
    /// What it is.
    pub name: String,
    /// A second, by one transaction a request.
    pub alone: f64,
    /// A second, by the server.
    pub ours: f64,
    /// How many times as much, as it is reported.
    pub ratio: f64,
}

// Grey enough for white and for black paper: more than 4:1 on both.
const TEXT: &str = "#787878";
const ALONE: &str = "#9a9a9a";
const OURS: &str = "#2f81f7";

const WIDTH: f64 = 760.0;
/// Where the bars begin, and how long the longest is.
const LEFT: f64 = 190.0;
const LONGEST: f64 = 430.0;
const BAR: f64 = 18.0;
/// From one contest to the next.
const STEP: f64 = 62.0;
const TOP: f64 = 52.0;

/// The chart, all bars on one scale.
pub fn svg(title: &str, pairs: &[Pair]) -> String {
    let rows = u32::try_from(pairs.len()).map_or(0.0, f64::from);
    let height = TOP + rows * STEP + 8.0;
    let most = pairs
        .iter()
        .fold(1.0_f64, |most, pair| most.max(pair.ours).max(pair.alone));
    let title = escaped(title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"{TEXT}\">\n\
         <text x=\"{LEFT}\" y=\"18\" font-size=\"15\" font-weight=\"600\">{title}</text>\n"
    );
    legend(&mut svg);
    let mut y = TOP;
    for pair in pairs {
        row(&mut svg, pair, y, LONGEST / most);
        y += STEP;
    }
    svg + "</svg>\n"
}

fn legend(svg: &mut String) {
    for (x, color, name) in [
        (LEFT, ALONE, "pgbench, one transaction a request"),
        (LEFT + 290.0, OURS, "Boxoffice, through HTTP"),
    ] {
        bar(svg, x, 29.0, 12.0, 12.0, color);
        text(svg, x + 18.0, 39.0, "start", name);
    }
}

fn row(svg: &mut String, pair: &Pair, y: f64, scale: f64) {
    let name = y + BAR + 5.0;
    text(svg, LEFT - 12.0, name, "end", &pair.name);
    let times = format!("{}, {} times", number(pair.ours, 0), number(pair.ratio, 1));
    for (y, value, color, label) in [
        (y, pair.alone, ALONE, number(pair.alone, 0)),
        (y + BAR + 2.0, pair.ours, OURS, times),
    ] {
        let length = value.max(0.0) * scale;
        bar(svg, LEFT, y, length, BAR, color);
        text(svg, LEFT + length + 8.0, y + 14.0, "start", &label);
    }
}

fn bar(svg: &mut String, x: f64, y: f64, width: f64, height: f64, color: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" rx=\"2\" fill=\"{color}\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = escaped(text);
    // Writing to a String cannot fail.
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

/// `text` as it can stand between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, alone: f64, ours: f64) -> Pair {
        Pair {
            name: name.to_owned(),
            alone,
            ours,
            ratio: ours / alone,
        }
    }

    #[test]
    fn what_would_be_markup_is_escaped() {
        let svg = svg("a \"title\"", &[pair("<holds> & 'more'", 1.0, 2.0)]);
        assert!(svg.contains("aria-label=\"a &quot;title&quot;\""));
        assert!(svg.contains(">&lt;holds&gt; &amp; &#39;more&#39;</text>"));
    }

    #[test]
    fn bars_are_as_long_as_their_numbers_and_the_longest_fits() {
        let svg = svg(
            "t",
            &[pair("a", 1_000.0, 4_000.0), pair("b", 2_000.0, 3_000.0)],
        );
        for (width, color) in [(107.5, ALONE), (430.0, OURS), (215.0, ALONE), (322.5, OURS)] {
            assert!(svg.contains(&format!(
                "width=\"{width:.1}\" height=\"18\" rx=\"2\" fill=\"{color}\""
            )));
        }
        assert!(svg.contains(">4,000, 4.0 times</text>"));
    }
}
