//! Packing, pushing and pulling, on real files and image layouts.

mod helm;
mod interop;
mod pack;
mod pull;
mod unpack;
mod world;
