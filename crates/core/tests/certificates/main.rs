//! Certificates: read, believed, and witnessed by logs; `data/certificates/ORIGIN.md` says where the real ones are from.

#[macro_use]
#[path = "../data/read.rs"]
mod read;

mod algorithms;
mod beside;
mod builder;
mod constraints;
mod paths;
mod published_timestamps;
mod reading;
mod refusing;
mod searching;
mod timestamps;
mod world;

use countersign_core::Certificate;
use jiff::Timestamp;

fn data(name: &str) -> Vec<u8> {
    read::data(&format!("certificates/{name}"))
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&data(&format!("{name}.pem"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn chain(name: &str) -> Vec<Certificate> {
    Certificate::chain_from_pem(&data(&format!("{name}.pem")), 8).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
