//! The start page: what there is, as it stands, and what happens. Whole without its script, and without any other site.

use crate::facade::Facade;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::Request;
use crate::routes::ROUTES;
use crate::views::LogView;
use runtime::board::{HostState, HostStatus};
use runtime::store::{HostId, Partition};
use std::fmt::Write;
use warp::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use warp::http::{HeaderValue, StatusCode};

/// The page around what changes.
const FRAME: &str = include_str!("page/frame.html");
/// How it looks.
const STYLE: &str = include_str!("page/style.css");
/// How it follows.
const SCRIPT: &str = include_str!("page/follow.js");
/// Cases and predictions that are listed; the rest is a link away.
const ROWS_MAX: usize = 20;

/// `GET /`
pub(crate) async fn show(facade: &Facade, _request: Request) -> Result<Response, Problem> {
    let hosts = facade.deployment.board().list();
    let view = facade.views.log().await?;
    let nonce = facade.options.random.bytes::<16>().map(|byte| format!("{byte:02x}")).concat();
    let parts = [
        ("{{nonce}}", nonce.clone()),
        ("{{style}}", STYLE.to_owned()),
        ("{{script}}", SCRIPT.to_owned()),
        ("{{as_of}}", facade.now().to_string()),
        ("{{position}}", format!("log/0:{}", view.cursor)),
        ("{{figures}}", figures(facade, &view, &hosts)),
        ("{{cases}}", cases(&view)),
        ("{{predictions}}", predictions(&view)),
        ("{{agents}}", agents(&hosts)),
        ("{{routes}}", routes()),
    ];
    drop(view);
    let text = filled(&parts);
    let mut response = reply::typed(StatusCode::OK, "text/html; charset=utf-8", text);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy)
        .map_err(|error| Problem::new(Kind::Failed, error.to_string()))?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The frame with each mark replaced once, so that what is filled in cannot hold a mark of its own.
fn filled(parts: &[(&str, String)]) -> String {
    let mut text = String::new();
    let mut rest = FRAME;
    while let Some(at) = rest.find("{{") {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        match parts.iter().find(|(mark, _)| rest.starts_with(mark)) {
            Some((mark, part)) => {
                text.push_str(part);
                rest = &rest[mark.len()..];
            }
            None => {
                text.push_str("{{");
                rest = &rest[2..];
            }
        }
    }
    text + rest
}

/// Text that a page cannot take for more than text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn figures(facade: &Facade, view: &LogView, hosts: &[(HostId, HostStatus)]) -> String {
    let watched = view.assets.values().filter(|asset| asset.retired.is_none()).count();
    let predicted =
        view.predictions.by_about.values().filter(|prediction| prediction.cleared.is_none());
    let at_work = hosts.iter().filter(|(_, host)| host.state == HostState::Ready).count();
    let quarantined = view.quarantine.frames.values().filter(|it| it.released_at.is_none()).count();
    let contained = facade.deployment.committer().standing().get().iter().count();
    let dead = facade.deployment.store().head(Partition::DEAD);
    let dead = usize::try_from(dead).unwrap_or(usize::MAX);
    let mut text = String::new();
    for (name, count, path) in [
        ("assets", watched, "/v1/assets"),
        ("predictions", predicted.count(), "/v1/predictions"),
        ("open cases", view.cases.rows.open_count(), "/v1/cases"),
        ("bookings", view.bookings.rows.open_count(), "/v1/bookings"),
        ("open CAPAs", view.insights.capas.open_count(), "/v1/capas"),
        ("hosts at work", at_work, "/v1/agents"),
        ("contained", contained, "/v1/principals"),
        ("quarantined", quarantined, "/v1/quarantine"),
        ("dead letters so far", dead, "/v1/dead"),
    ] {
        put(&mut text, format_args!("<li><a href=\"{path}\"><b>{count}</b> {name}</a></li>"));
    }
    text
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a string cannot fail");
}

fn row(text: &mut String, cells: &[String]) {
    text.push_str("<tr>");
    for cell in cells {
        put(text, format_args!("<td>{cell}</td>"));
    }
    text.push_str("</tr>");
}

/// Rows, or a line that says that there are none.
fn or_none(rows: String, columns: usize, none: &str) -> String {
    if rows.is_empty() { format!("<tr><td colspan=\"{columns}\">{none}</td></tr>") } else { rows }
}

fn cases(view: &LogView) -> String {
    let mut text = String::new();
    let open = |case: &crate::views::cases::Case| !case.state.is_final();
    let (page, _) = view.cases.rows.page(None, ROWS_MAX, &open);
    for (_, id, case) in page {
        let link = format!("<a href=\"/v1/cases/{id}/why\">why</a>");
        let state = case.state.name().replace('_', " ");
        let cells = [
            escaped(&case.asset),
            escaped(&case.component),
            case.severity.name().to_owned(),
            state,
            case.provenance.name().to_owned(),
            link,
        ];
        row(&mut text, &cells);
    }
    or_none(text, 6, "No case is open.")
}

fn predictions(view: &LogView) -> String {
    let mut text = String::new();
    let standing = view.predictions.by_about.iter().filter(|(_, it)| it.cleared.is_none());
    for ((asset, component), it) in standing.take(ROWS_MAX) {
        let cells = [
            escaped(asset),
            escaped(component),
            it.severity.name().to_owned(),
            format!("{:.0} %", it.probability.get() * 100.0),
            it.provenance.name().to_owned(),
        ];
        row(&mut text, &cells);
    }
    or_none(text, 5, "Nothing is foreseen to fail.")
}

fn agents(hosts: &[(HostId, HostStatus)]) -> String {
    let mut text = String::new();
    for (id, status) in hosts {
        let state = serde_json::to_value(status.state).unwrap_or_default();
        let state = state.as_str().unwrap_or_default().replace('_', " ");
        let kind = escaped(&id.kind);
        let cells = [
            format!("<a href=\"/v1/agents/{kind}\">{kind}</a>/{}", id.partition),
            state,
            status.lag.to_string(),
            status.observation.handled.to_string(),
            status.restarts.to_string(),
        ];
        row(&mut text, &cells);
    }
    or_none(text, 5, "No agent runs.")
}

fn routes() -> String {
    let mut text = String::new();
    for route in ROUTES {
        let path = match route.method == "GET" && !route.path.contains('{') {
            true => format!("<a href=\"{0}\">{0}</a>", route.path),
            false => escaped(route.path),
        };
        let cells = [route.method.to_owned(), path, escaped(route.summary)];
        row(&mut text, &cells);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_text_and_no_mark() {
        assert_eq!(escaped("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
        let text =
            filled(&[("{{cases}}", "{{agents}}".to_owned()), ("{{agents}}", "x".to_owned())]);
        assert_eq!(text.matches("{{agents}}").count(), 1, "filled in, not filled again");
    }
}
