//! Plots, drawn by hand: axes, lines, bars, dots.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;

/// A line of a plot.
pub struct Series {
    /// What it is.
    pub name: &'static str,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A plot in the making.
pub struct Plot {
    marks: String,
    title: String,
    x: Axis,
    y: Axis,
}

/// An axis.
struct Axis {
    name: &'static str,
    most: f64,
}

impl Plot {
    /// With axes from 0 to these values at least.
    pub fn new(
        title: &str,
        (x, x_most): (&'static str, f64),
        (y, y_most): (&'static str, f64),
    ) -> Self {
        let axis = |name, most: f64| Axis {
            name,
            most: if most > 0.0 { most } else { 1.0 },
        };
        Self {
            marks: String::new(),
            title: title.to_owned(),
            x: axis(x, x_most),
            y: axis(y, y_most * 1.05),
        }
    }

    /// A plot of lines over time.
    pub fn lines(title: &str, x: &'static str, y: &'static str, series: &[Series]) -> String {
        let points = || series.iter().flat_map(|series| &series.points);
        let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max);
        let mut plot = Self::new(title, (x, most(|p| p.0)), (y, most(|p| p.1)));
        for (number, series) in series.iter().enumerate() {
            plot.line(number, &series.points);
        }
        plot.draw()
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        (
            LEFT + x / self.x.most * width,
            HEIGHT - BOTTOM - y / self.y.most * height,
        )
    }

    // Writing to a String cannot fail, here and below.
    fn line(&mut self, number: usize, points: &[(f64, f64)]) {
        let mut path = String::new();
        for (at, point) in points.iter().enumerate() {
            let (x, y) = self.at(*point);
            let _ = write!(path, "{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
        }
        if !path.is_empty() {
            let _ = write!(self.marks, r#"<path class="line c{number}" d="{path}"/>"#);
        }
    }

    /// A bar from one place to another, with what it says when pointed at.
    pub fn bar(&mut self, from: f64, to: f64, value: f64, tells: &str) {
        let ((left, top), (right, bottom)) = (self.at((from, value)), self.at((to, 0.0)));
        let (width, height) = ((right - left - 1.0).max(0.5), bottom - top);
        let _ = write!(
            self.marks,
            r#"<rect class="bar" x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}"><title>{}</title></rect>"#,
            escaped(tells)
        );
    }

    /// A dot.
    pub fn dot(&mut self, point: (f64, f64), class: &str) {
        let (x, y) = self.at(point);
        let _ = write!(
            self.marks,
            r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="2"/>"#
        );
    }

    /// The plot.
    pub fn draw(&self) -> String {
        let ticks: Vec<_> = ticks(self.x.most)
            .into_iter()
            .map(|x| (x, label(x)))
            .collect();
        self.draw_with(&ticks)
    }

    /// The plot with these words below its x axis.
    pub fn draw_with(&self, below: &[(f64, String)]) -> String {
        let title = escaped(&self.title);
        let mut svg = format!(
            r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">"#
        );
        for y in ticks(self.y.most) {
            let (_, at) = self.at((0.0, y));
            let (end, before, below) = (WIDTH - RIGHT, LEFT - 6.0, at + 4.0);
            let _ = write!(
                svg,
                r#"<path class="grid" d="M{LEFT} {at:.1}H{end}"/><text class="y" x="{before}" y="{below:.1}">{}</text>"#,
                label(y)
            );
        }
        for (x, words) in below {
            let (at, under) = (self.at((*x, 0.0)).0, HEIGHT - BOTTOM + 16.0);
            let _ = write!(
                svg,
                r#"<text class="x" x="{at:.1}" y="{under}">{}</text>"#,
                escaped(words)
            );
        }
        let (middle, under) = (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 8.0);
        let _ = write!(
            svg,
            r#"<text class="x name" x="{middle}" y="{under}">{}</text>"#,
            escaped(self.x.name)
        );
        let (side, middle) = (14.0, f64::midpoint(TOP, HEIGHT - BOTTOM));
        let _ = write!(
            svg,
            r#"<text class="x name" transform="translate({side} {middle}) rotate(-90)">{}</text>"#,
            escaped(self.y.name)
        );
        let (bottom, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let _ = write!(
            svg,
            r#"{}<path class="axis" d="M{LEFT} {TOP}V{bottom}H{end}"/></svg>"#,
            self.marks
        );
        svg
    }
}

/// Round values from 0 up to `most`, seven at most.
fn ticks(most: f64) -> Vec<f64> {
    let rough = most / 6.0;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let step = steps
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let mut ticks = vec![0.0];
    while let Some(last) = ticks.last().copied().filter(|last| last + step <= most) {
        ticks.push(last + step);
    }
    ticks
}

/// A number as short as it can be.
pub fn label(value: f64) -> String {
    if value >= 10_000.0 {
        let thousands = value / 1_000.0;
        let digits = usize::from(thousands.fract() > 0.05 && thousands < 100.0);
        format!("{thousands:.digits$}k")
    } else if value.fract().abs() < 1e-6 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}").trim_end_matches('0').to_owned()
    }
}

/// Text as it stands in HTML and XML.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not even escaped are these allowed in XML.
            control if control.is_control() && !matches!(control, '\n' | '\t') => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(6.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(ticks(70.0), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(
            [label(20_000.0), label(12_500.0), label(0.5)],
            ["20k", "12.5k", "0.5"]
        );
    }

    proptest! {
        #[test]
        fn a_plot_of_anything_is_xml_and_stays_in_its_frame(
            title in ".*",
            points in prop::collection::vec((0.0..1e9_f64, 0.0..1e9_f64), 0..40),
        ) {
            let series = [Series { name: "line", points: points.clone() }];
            let svg = Plot::lines(&title, "time", "fans", &series);
            let parsed = roxmltree::Document::parse(&svg).unwrap();
            prop_assert!(parsed.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")));
            let mut plot = Plot::new(&title, ("x", 1e9), ("y", 1e9));
            for point in points {
                plot.dot(point, "dot");
            }
            plot.bar(0.0, 1.0, 1.0, &title);
            let svg = plot.draw();
            let parsed = roxmltree::Document::parse(&svg).unwrap();
            for circle in parsed.descendants().filter(|node| node.has_tag_name("circle")) {
                let at = |name| circle.attribute(name).unwrap().parse::<f64>().unwrap();
                prop_assert!((LEFT..=WIDTH).contains(&at("cx")) && (0.0..=HEIGHT).contains(&at("cy")));
            }
        }

        #[test]
        fn there_are_ticks_for_any_value(most in 1e-6..1e12_f64) {
            let ticks = ticks(most);
            prop_assert!((2..=8).contains(&ticks.len()), "{:?}", ticks);
        }
    }
}
