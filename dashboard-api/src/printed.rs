//! Pages that can be printed and sent: no script, nothing from elsewhere, figures as SVG with their numbers beside them.

use std::fmt::Write as _;

/// Width of the drawn area.
pub const WIDTH: f64 = 420.0;
/// Height of a drawn curve.
pub const HEIGHT: f64 = 160.0;
/// Room for words left of it.
pub const LEFT: f64 = 170.0;
/// Room above it.
pub const TOP: f64 = 10.0;
/// Height of one bar with what is between.
const BAR: f64 = 34.0;

const STYLE: &str = "body{font:15px/1.45 sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.4rem 0 .3rem;border-bottom:1px solid #999}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid #ccc}\
figure{margin:1rem 0;break-inside:avoid}svg{max-width:100%}section{break-inside:avoid}\
@media print{body{margin:0;max-width:none}}";

/// A whole page; `body` is HTML already.
#[must_use]
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n{body}</body></html>\n"
    )
}

/// A table with a row of names above it.
#[must_use]
pub fn table(names: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cells: String = cells.map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut table = "<table>".to_owned() + &cells("th", &mut names.iter().copied());
    for row in rows {
        table += &cells("td", &mut row.iter().map(String::as_str));
    }
    table + "</table>\n"
}

/// A figure with its caption; `drawn` is SVG already.
#[must_use]
pub fn figure(caption: &str, height: f64, drawn: &str) -> String {
    let width = LEFT + WIDTH + 20.0;
    let caption = escape(caption);
    format!(
        "<figure><svg role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\"><title>{caption}</title>{drawn}</svg>\
         <figcaption>{caption}</figcaption></figure>\n"
    )
}

/// A line of text within a figure.
#[must_use]
pub fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = escape(text);
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>")
}

/// One bar of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is, with its number.
    pub label: String,
    /// Its length; below 0 it is drawn in another colour.
    pub value: f64,
    /// Lower and upper end of its interval.
    pub ends: Option<(f64, f64)>,
}

/// Bars from nought on, with whiskers where there are intervals; none unless one of them has a length.
#[must_use]
pub fn bars(caption: &str, bars: &[Bar]) -> Option<String> {
    let reach = |bar: &Bar| bar.ends.map_or(bar.value.abs(), |(_, high)| high);
    let longest = bars.iter().map(reach).fold(0.0, f64::max);
    if longest <= 0.0 || !longest.is_finite() {
        return None;
    }
    let x = |value: f64| LEFT + WIDTH * value / longest;
    let mut drawn = String::new();
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + BAR * index as f64;
        let (middle, length) = (y + 10.0, x(bar.value.abs()) - LEFT);
        let colour = if bar.value < 0.0 { "#c69a7a" } else { "#7a9cc6" };
        drawn += &text(LEFT - 8.0, y + 14.0, "end", &bar.label);
        drawn += &format!(
            "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"20\" fill=\"{colour}\"/>"
        );
        if let Some((low, high)) = bar.ends {
            let (low, high) = (x(low), x(high));
            drawn += &format!(
                "<path d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {y:.1}v20M{high:.1} {y:.1}v20\" stroke=\"#1b1b1b\"/>"
            );
        }
    }
    Some(figure(caption, 2.0 * TOP + BAR * bars.len() as f64, &drawn))
}

/// A drawn area from `x.0` to `x.1` and `y.0` to `y.1`, with words at its corners.
#[derive(Clone, Copy, Debug)]
pub struct Area<'a> {
    /// What is shown.
    pub caption: &'a str,
    /// Left and right end.
    pub x: (f64, f64),
    /// Lower and upper end.
    pub y: (f64, f64),
    /// What stands under the right end.
    pub right: &'a str,
    /// What stands beside the upper end.
    pub top: &'a str,
    /// What stands beside the lower end.
    pub bottom: &'a str,
}

impl Area<'_> {
    /// Where a point lies.
    #[must_use]
    pub fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = |value: f64, (from, until): (f64, f64)| (value - from) / (until - from);
        let (x, y) = (share(x, self.x).clamp(0.0, 1.0), share(y, self.y).clamp(0.0, 1.0));
        (LEFT + WIDTH * x, TOP + HEIGHT * (1.0 - y))
    }

    /// A line through points.
    #[must_use]
    pub fn line(&self, points: &[(f64, f64)], stroke: &str) -> String {
        let mut places = String::new();
        for point in points {
            let (x, y) = self.place(*point);
            write!(places, "{x:.1},{y:.1} ").expect("a string takes what is written");
        }
        let places = places.trim_end();
        format!("<polyline points=\"{places}\" fill=\"none\" {stroke}/>")
    }

    /// A dot.
    #[must_use]
    pub fn dot(&self, point: (f64, f64)) -> String {
        let (x, y) = self.place(point);
        format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#29527a\"/>")
    }

    /// The figure, with axes around what is `drawn`.
    #[must_use]
    pub fn figure(&self, drawn: &str) -> String {
        let bottom = TOP + HEIGHT;
        let mut all = format!(
            "<path d=\"M{LEFT} {TOP}V{bottom}H{:.1}\" fill=\"none\" stroke=\"#666\"/>{drawn}",
            LEFT + WIDTH
        );
        all += &text(LEFT - 8.0, TOP + 8.0, "end", self.top);
        all += &text(LEFT - 8.0, bottom, "end", self.bottom);
        all += &text(LEFT + WIDTH, bottom + 16.0, "end", self.right);
        figure(self.caption, HEIGHT + 32.0, &all)
    }
}

/// A text that stays a text within HTML and SVG.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays_text() {
        let text = "<script>alert('1 & \"2\"')</script>";
        let escaped = "&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;";
        assert_eq!(escape(text), escaped);
        let cell = table(&["a & b"], &[vec![text.to_owned()]]);
        assert!(cell.contains("<th>a &amp; b</th>") && cell.contains(escaped), "{cell}");
    }

    #[test]
    fn bars_without_length_are_not_drawn() {
        let bar = |value| Bar { label: "one".to_owned(), value, ends: None };
        assert_eq!(bars("nothing", &[bar(0.0)]), None);
        assert_eq!(bars("nothing", &[]), None);
        let drawn = bars("half", &[bar(2.0), bar(-1.0)]).unwrap();
        assert!(drawn.contains("width=\"420.0\"") && drawn.contains("width=\"210.0\""), "{drawn}");
    }

    #[test]
    fn points_outside_stay_within_the_area() {
        let area =
            Area { caption: "", x: (0.0, 2.0), y: (0.0, 1.0), right: "", top: "", bottom: "" };
        assert_eq!(area.place((1.0, 0.0)), (LEFT + WIDTH / 2.0, TOP + HEIGHT));
        assert_eq!(area.place((9.0, 9.0)), (LEFT + WIDTH, TOP));
    }
}
