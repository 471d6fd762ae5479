//! Standard output, compared as the values in it, whatever their order.

use serde_json::Value;

/// Whether the same was printed: JSON values, the items of lists each by itself, or else words.
pub(super) fn is_same(wanted: &str, printed: &str) -> bool {
    let (wanted, mut rest) = (values(wanted), values(printed));
    let are_all_there = wanted.iter().all(|value| {
        let place = rest.iter().position(|other| other == value);
        place.map(|place| rest.swap_remove(place)).is_some()
    });
    are_all_there && rest.is_empty()
}

fn values(printed: &str) -> Vec<Value> {
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(printed).into_iter().collect();
    match values {
        Ok(values) => values.into_iter().flat_map(items).collect(),
        Err(_) => printed.split_whitespace().map(Value::from).collect(),
    }
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        value => vec![value],
    }
}
