//! Bases of images: signing the layers of one, finding what is signed of those that an image stands on, and judging it.
//!
//! `docs/base-images.md` tells the format; `countersign_core::base` decides.

mod compared;
mod error;
mod find;
mod hints;
mod image;
mod marked;
mod replace;
mod sign;
mod unpack;
mod verify;

pub use compared::{Difference, base_of, differences};
pub use error::BaseError;
pub use find::{marks_elsewhere, own_marks};
pub use hints::{Hint, hints};
pub use image::{Image, images};
pub use marked::{Marks, marked};
pub use replace::{Changed, rewrite};
pub use sign::{Terms, attach, layer_signature, publish, statement};
pub use unpack::check_layers;
pub use verify::{Judging, verify};
