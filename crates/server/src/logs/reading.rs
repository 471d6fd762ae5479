//! Checkpoints and tiles, as they are read (C2SP tlog-tiles).

use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::Failure;
use crate::log::{Log, Tile};
use crate::reply::{Reply, TEXT, is_read};

/// Answers a request for the checkpoint or a tile of a log; nothing where the path is of neither.
pub(crate) fn read(
    log: &Log,
    path: &str,
    head: &Parts,
    entries: &str,
    is_prefixed: bool,
) -> Result<Option<Reply>, Failure> {
    let tile = path.strip_prefix("tile/");
    if path != "checkpoint" && tile.is_none() {
        return Ok(None);
    }
    if !is_read(&head.method) {
        return Err(Failure::Method { allowed: "GET, HEAD" });
    }
    let Some(tile) = tile else {
        let note = log.published().note.clone();
        return Ok(Some(Reply::new(StatusCode::OK, TEXT, note)));
    };
    let tile = Tile::parse(tile, entries).ok_or(Failure::Path)?;
    let bytes = log.tile(tile, is_prefixed)?.ok_or(Failure::Path)?;
    let mut reply = Reply::new(StatusCode::OK, "application/octet-stream", bytes);
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    reply.response.headers_mut().insert(CACHE_CONTROL, for_ever);
    Ok(Some(reply))
}
