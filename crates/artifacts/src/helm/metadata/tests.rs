use super::*;

fn metadata(chart: &str, requirements: Option<&str>) -> Result<Metadata, ChartError> {
    Metadata::read(&Files {
        chart: chart.to_owned(),
        requirements: requirements.map(str::to_owned),
    })
}

fn json(chart: &str, requirements: Option<&str>) -> String {
    String::from_utf8(metadata(chart, requirements).unwrap().to_json()).unwrap()
}

#[test]
fn members_have_helms_order_and_empty_ones_are_left_out() {
    let chart = "
type: library
apiVersion: v2
version: 1.2.3
name: a
home: ''
keywords: []
deprecated: false
annotations: {z: 1, a: true}
maintainers: [{url: u, name: m, more: 1}]
dependencies: [{name: d, tags: [t], enabled: true, import-values: [x, {parent: p, child: c}], alias: e}]
unknown: {}
";
    assert_eq!(
        json(chart, None),
        concat!(
            r#"{"name":"a","version":"1.2.3","maintainers":[{"name":"m","url":"u"}],"apiVersion":"v2","#,
            r#""annotations":{"a":"true","z":"1"},"dependencies":[{"name":"d","repository":"","tags":["t"],"enabled":true,"#,
            r#""import-values":["x",{"child":"c","parent":"p"}],"alias":"e"}],"type":"library"}"#
        )
    );
}

#[test]
fn numbers_and_truth_values_become_texts_as_go_makes_them() {
    for (written, expected) in [
        ("1.10", "1.1"),
        ("1.0", "1"),
        ("16", "16"),
        ("017", "15"),
        ("1e6", "1e+06"),
        ("123456.5", "123456.5"),
        ("1234567.5", "1.2345675e+06"),
        ("0.00001", "1e-05"),
        ("yes", "true"),
        ("2026-01-02", "2026-01-02"),
        ("'1.10'", "1.10"),
    ] {
        let text = json(&format!("{{name: a, version: 1.2.3, appVersion: {written}}}"), None);
        assert_eq!(
            text,
            format!(r#"{{"name":"a","version":"1.2.3","apiVersion":"v1","appVersion":"{expected}"}}"#)
        );
    }
}

#[test]
fn texts_are_cleaned_as_helm_does() {
    let text = json(
        "name: a\nversion: 1.2.3\ndescription: \"a\\tb\\u00a0c\\u200b\\u0007d\\u0301'\\\\\\n\"\n",
        None,
    );
    assert_eq!(
        text,
        "{\"name\":\"a\",\"version\":\"1.2.3\",\"description\":\"a b cd\u{301}'\\\\ \",\"apiVersion\":\"v1\"}"
    );
}

#[test]
fn requirements_of_old_charts_are_dependencies() {
    let text = json(
        "name: a\nversion: 1.2.3\n",
        Some("dependencies: [{name: d, repository: r}]"),
    );
    assert_eq!(
        text,
        r#"{"name":"a","version":"1.2.3","apiVersion":"v1","dependencies":[{"name":"d","repository":"r"}]}"#
    );
}

#[test]
fn what_helm_refuses_is_refused() {
    let refused = |chart: &str| metadata(chart, None).map(|_| ()).unwrap_err().to_string();
    for (chart, reason) in [
        ("version: 1.2.3", "validation: chart.metadata.name is required"),
        ("name: a", "validation: chart.metadata.version is required"),
        (
            "{name: a/b, version: 1.2.3}",
            "validation: chart.metadata.name \"a/b\" is invalid",
        ),
        (
            "{name: .., version: 1.2.3}",
            "validation: chart.metadata.name \"..\" is invalid",
        ),
        (
            "{name: a, version: x}",
            "validation: chart.metadata.version \"x\" is invalid",
        ),
        (
            "{name: a, version: 1.2.3, type: x}",
            "validation: chart.metadata.type \"x\" is invalid",
        ),
        (
            "{name: a, version: 1.2.3, dependencies: [{name: b}, {name: c, alias: b}]}",
            "validation: more than one dependency with name or alias \"b\"",
        ),
        (
            "{name: a, version: 1.2.3, dependencies: [{name: b, alias: a/b}]}",
            "validation: chart.metadata.dependencies.alias \"a/b\" is invalid",
        ),
        (
            "{name: [a], version: 1.2.3}",
            "cannot load Chart.yaml: name is not a text",
        ),
        (
            "{name: a, version: 1.2.3, keywords: b}",
            "cannot load Chart.yaml: keywords is not a list",
        ),
        (
            "{name: a, version: 1.2.3, maintainers: [~]}",
            "cannot load Chart.yaml: the file or an item is not a mapping",
        ),
        (
            "{name: a, version: 1.2.3, deprecated: x}",
            "cannot load Chart.yaml: deprecated is not true or false",
        ),
        (
            "{Name: a, version: 1.2.3}",
            "cannot load Chart.yaml: expected the key name, found \"Name\"",
        ),
        (
            "name: a\n---\nname: b\n",
            "cannot load Chart.yaml: the file is not one document",
        ),
        ("name: a\nname: b\n", "cannot load Chart.yaml"),
    ] {
        assert_eq!(refused(chart), reason, "{chart}");
    }
}
