//! `dockerfile`: the images that a build takes its content from.

mod verify;
