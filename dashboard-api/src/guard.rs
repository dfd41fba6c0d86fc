//! Keeps other sites' pages out: a request must be addressed to us, and a page must be ours.
//!
//! Without a login a name that resolves to this machine (DNS rebinding), or a form on a foreign page,
//! would otherwise speak with the rights of whoever has it open.

use crate::problem::{Kind, Problem};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use warp::http::HeaderMap;
use warp::http::header::{HOST, HeaderName, ORIGIN};

/// The hosts that are ours.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    hosts: BTreeSet<String>,
}

impl Guard {
    /// The names of `address`, and those `allowed` besides.
    pub(crate) fn new(address: SocketAddr, allowed: &BTreeSet<String>) -> Self {
        const HTTP_PORT: u16 = 80;
        let names = [
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "[::1]".to_owned(),
            SocketAddr::new(address.ip(), HTTP_PORT).to_string().replace(":80", ""),
        ];
        let port = address.port();
        let mut hosts: BTreeSet<String> =
            names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == HTTP_PORT {
            hosts.extend(names);
        }
        hosts.extend(allowed.iter().map(|host| host.to_ascii_lowercase()));
        Self { hosts }
    }

    /// Whether the request may be looked at.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(host) = single(headers, HOST)? else {
            return Err(Problem::new(Kind::Malformed, "header `Host` is missing; name the host"));
        };
        if !self.hosts.contains(&host) {
            return Err(Problem::new(
                Kind::Misdirected,
                format!("`{host}` is not a host of this deployment; use {}", self.named()),
            ));
        }
        match single(headers, ORIGIN)? {
            Some(origin) if !self.is_ours(&origin) => Err(Problem::new(
                Kind::Forbidden,
                format!("pages of `{origin}` may not speak to this deployment"),
            )),
            _ => Ok(()),
        }
    }

    fn is_ours(&self, origin: &str) -> bool {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.hosts.contains(host))
    }

    fn named(&self) -> String {
        let quoted: Vec<String> = self.hosts.iter().map(|host| format!("`{host}`")).collect();
        quoted.join(" or ")
    }
}

/// The only value of a header, in lower case.
fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(&name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::new(
            Kind::Malformed,
            format!("header `{name}` appears twice; send it once"),
        ));
    }
    match first.map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text.to_ascii_lowercase())),
        Some(Err(_)) => Err(Problem::new(Kind::Malformed, format!("header `{name}` is not text"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warp::http::HeaderValue;

    fn checked(headers: &[(HeaderName, &str)]) -> Result<(), Kind> {
        let guard = Guard::new(
            "127.0.0.1:7380".parse().unwrap(),
            &BTreeSet::from(["Cars.test".to_owned()]),
        );
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        guard.check(&map).map_err(|problem| problem.kind)
    }

    #[test]
    fn a_request_must_name_this_host_and_port() {
        for host in
            ["127.0.0.1:7380", "localhost:7380", "LocalHost:7380", "[::1]:7380", "cars.test"]
        {
            assert_eq!(checked(&[(HOST, host)]), Ok(()), "{host}");
        }
        for host in ["localhost", "127.0.0.1:80", "evil.test:7380", "localhost:7380.evil.test", ""]
        {
            assert_eq!(checked(&[(HOST, host)]), Err(Kind::Misdirected), "{host}");
        }
        assert_eq!(checked(&[]), Err(Kind::Malformed));
        let twice = [(HOST, "localhost:7380"), (HOST, "evil.test")];
        assert_eq!(checked(&twice), Err(Kind::Malformed));
    }

    #[test]
    fn a_page_must_be_ours() {
        let from = |origin| checked(&[(HOST, "localhost:7380"), (ORIGIN, origin)]);
        assert_eq!(from("http://localhost:7380"), Ok(()));
        assert_eq!(from("https://cars.test"), Ok(()));
        for origin in
            ["http://evil.test", "null", "http://localhost:7380.evil.test", "localhost:7380"]
        {
            assert_eq!(from(origin), Err(Kind::Forbidden), "{origin}");
        }
    }

    #[test]
    fn the_default_port_may_be_left_out() {
        let guard = Guard::new("127.0.0.1:80".parse().unwrap(), &BTreeSet::new());
        assert!(guard.hosts.contains("localhost") && guard.hosts.contains("localhost:80"));
    }
}
