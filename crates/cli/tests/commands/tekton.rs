mod list;
mod push;
