//! The pages of the provider: forms without scripts.

use http::HeaderValue;
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};

use crate::reply::Reply;

/// A page that asks for what is not known, and sends it with what is.
pub(super) fn ask(title: &str, note: &str, email: &str, known: &[(&str, &str)], shown: Option<(&str, &str)>) -> Reply {
    let mut form = String::new();
    for (name, value) in known {
        form.push_str(&format!(
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escaped(value)
        ));
    }
    if let Some((name, value)) = shown {
        form.push_str(&format!(
            "<p><label>Code <input name=\"{name}\" value=\"{}\" required></label></p>",
            escaped(value)
        ));
    }
    form.push_str(&format!(
        "<p><label>E-mail <input name=\"email\" type=\"email\" value=\"{}\" required autofocus></label></p>\
         <p><button>Log in</button></p>",
        escaped(email)
    ));
    page(
        StatusCode::OK,
        title,
        &format!("<p>{}</p><form method=\"post\">{form}</form>", escaped(note)),
    )
}

/// A page that tells something.
pub(super) fn tell(status: StatusCode, title: &str, note: &str) -> Reply {
    page(status, title, &format!("<p>{}</p>", escaped(note)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>body{{font:1rem sans-serif;margin:3rem auto;max-width:30rem}}</style>\
         <h1>{title}</h1>{body}</html>\n"
    );
    let mut reply = Reply::new(status, "text/html; charset=utf-8", html);
    let headers = reply.response.headers_mut();
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    );
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    reply
}

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
