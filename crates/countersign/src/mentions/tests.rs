use super::dockerfile::{self, Dockerfile, Ignored};
use super::{Mention, MentionsError, kubernetes, replace};

fn dockerfile(text: &str) -> Result<Dockerfile, MentionsError> {
    dockerfile::read(text.as_bytes(), &|name| {
        (name == "FROM_ENVIRONMENT").then(|| "environment/image".to_owned())
    })
}

fn images(text: &str) -> Vec<String> {
    names(&dockerfile(text).expect("a Dockerfile").mentions)
}

fn resources(text: &str) -> Vec<String> {
    names(&kubernetes::read(text.as_bytes()).expect("resources"))
}

fn names(mentions: &[Mention]) -> Vec<String> {
    mentions.iter().map(|mention| mention.image.clone()).collect()
}

#[test]
fn every_instruction_that_takes_from_an_image_is_read() {
    let text = "FROM --platform=$BUILDPLATFORM golang:1.26 AS build\n\
                COPY --from=busybox /bin/sh /sh\n\
                ADD --chmod=644 --from=alpine a b\n\
                RUN --mount=type=bind,from=tools:1,source=/x --mount=type=cache,target=/c make\n\
                ONBUILD COPY --from=later /a /b\n\
                FROM debian\n";
    assert_eq!(
        images(text),
        ["golang:1.26", "busybox", "alpine", "tools:1", "later", "debian"]
    );
}

#[test]
fn stages_and_scratch_are_no_images() {
    let found = dockerfile(
        "FROM a AS Build\nFROM build AS next\nCOPY --from=0 /x /x\nCOPY --from=BUILD /y /y\nFROM scratch\nCOPY --from=next / /\n",
    )
    .expect("a Dockerfile");
    assert_eq!(names(&found.mentions), ["a"]);
    let stage = |name: &str| Ignored::Stage(name.to_owned());
    assert_eq!(
        found.ignored,
        [
            stage("build"),
            stage("0"),
            stage("BUILD"),
            Ignored::Scratch,
            stage("next")
        ]
    );
    assert_eq!(found.base, None);
}

#[test]
fn a_number_without_such_a_stage_is_an_image() {
    assert_eq!(images("FROM a\nCOPY --from=7 /x /x\n"), ["a", "7"]);
    assert_eq!(images("FROM 0\n"), ["0"]);
}

#[test]
fn the_base_is_what_the_last_stage_stands_on() {
    let base = |text: &str| {
        let found = dockerfile(text).expect("a Dockerfile");
        found.base.map(|base| found.mentions[base].image.clone())
    };
    assert_eq!(base("FROM a AS one\nFROM b\nCOPY --from=c / /\n").as_deref(), Some("b"));
    assert_eq!(base("FROM a AS one\nFROM b AS two\nFROM one\n").as_deref(), Some("a"));
    assert_eq!(base("FROM a\nFROM scratch\n"), None);
}

#[test]
fn continued_lines_comments_and_here_documents_are_understood() {
    let text = "# syntax=docker/dockerfile:1\n\
                FROM \\\n# a comment between\n\n  one\\\n:2 \\\n AS x\n\
                RUN <<EOF cat <<-'END'\nFROM no\nEOF\nCOPY --from=no a b\n\tEND\n\
                COPY <<\"A b\" /x\nFROM \"two\"\n";
    assert_eq!(images(text), ["one:2", "two"]);
}

#[test]
fn a_here_document_without_end_is_an_error() {
    let found = dockerfile("FROM a\nRUN <<EOF\nFROM b\n");
    assert!(
        matches!(&found, Err(MentionsError::Unended { line: 2, end }) if end == "EOF"),
        "{found:?}"
    );
}

#[test]
fn the_escape_directive_counts() {
    assert_eq!(
        images("# escape=`\nFROM `\n  windows\\image\nCOPY a b\\\nFROM b\n"),
        ["windows\\image", "b"]
    );
    assert_eq!(images("FROM a\\\n:1\n"), ["a:1"]);
}

#[test]
fn variables_are_those_of_the_file_then_of_the_environment() {
    let text = "ARG NAME=reg/app TAG=\"1.0\"\nARG FULL=${NAME}:$TAG\nFROM $FULL\nFROM ${FROM_ENVIRONMENT}:2\n\
                FROM ${NONE:-x/${NAME}}:${TAG:+with}\nFROM ${NAME-unused}\n";
    assert_eq!(
        images(text),
        ["reg/app:1.0", "environment/image:2", "x/reg/app:with", "reg/app"]
    );
}

#[test]
fn a_variable_without_value_is_an_error() {
    let found = dockerfile("ARG NAME\nFROM reg/$NAME:1\n");
    assert!(
        matches!(&found, Err(MentionsError::NoValue { line: 2, name, .. }) if name == "NAME"),
        "{found:?}"
    );
    let found = dockerfile("FROM ${A:=b}\n");
    assert!(
        matches!(found, Err(MentionsError::Variable { line: 1, .. })),
        "{found:?}"
    );
}

#[test]
fn an_instruction_without_image_is_an_error() {
    let found = dockerfile("FROM\n");
    assert!(
        matches!(found, Err(MentionsError::NoImage { line: 1, .. })),
        "{found:?}"
    );
    let found = dockerfile("FROM \"\"\n");
    assert!(
        matches!(found, Err(MentionsError::NoImage { line: 1, .. })),
        "{found:?}"
    );
}

#[test]
fn names_are_replaced_where_they_are_written() {
    let text = "FROM \"a\" AS x # no comment\nFROM ${FROM_ENVIRONMENT} \\\n AS y\r\nCOPY --from='b' . .\n\
                RUN --mount=type=bind,\"from=c\",target=/t x\nFROM d\\\n:1\n";
    let found = dockerfile(text).expect("a Dockerfile");
    let pinned: Vec<String> = (0..found.mentions.len()).map(|n| format!("NEW{n}")).collect();
    assert_eq!(
        replace(text, &found.mentions, &pinned),
        "FROM \"NEW0\" AS x # no comment\nFROM NEW1 \\\n AS y\r\nCOPY --from='NEW2' . .\n\
         RUN --mount=type=bind,\"from=NEW3\",target=/t x\nFROM NEW4\n"
    );
}

#[test]
fn pods_are_found_wherever_they_are() {
    let text = "apiVersion: v1\nkind: List\nitems:\n\
                - kind: Pod\n  spec:\n    initContainers: [{name: i, image: init}]\n    containers:\n    - image: 'main:1'\n    ephemeralContainers:\n    - image: debug\n\
                - kind: Rollout\n  spec: {template: {spec: {containers: [{image: canary}]}}}\n\
                ---\n\
                kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          volumes:\n          - name: v\n            image:\n              reference: data:2\n          containers:\n          - image: >-\n              job\n";
    assert_eq!(resources(text), ["init", "main:1", "debug", "canary", "data:2", "job"]);
}

#[test]
fn json_is_read_too() {
    let text = "{\n\t\"kind\": \"Pod\",\n\t\"spec\": {\"containers\": [{\"image\": \"a:1\"}, {\"image\": \"b\"}]}\n}\n";
    assert_eq!(resources(text), ["a:1", "b"]);
}

#[test]
fn aliases_and_merged_members_count() {
    let text = "x: &image app:1\ny: &base {image: merged}\nspec:\n  containers:\n  - image: *image\n  - <<: *base\n    name: n\n\
                other: {containers: &c [{image: shared}]}\nmore: {containers: *c}\n";
    assert_eq!(resources(text), ["app:1", "merged", "shared"]);
}

#[test]
fn a_member_that_is_there_twice_counts_twice() {
    assert_eq!(resources("containers:\n- {image: a, image: b}\n"), ["a", "b"]);
}

#[test]
fn what_only_looks_like_containers_is_passed_over() {
    let text = "properties: {containers: {type: array}}\ncontainers: [{name: without}, {image: null}, {image: }]\nimage: top\n";
    assert_eq!(resources(text), Vec::<String>::new());
}

#[test]
fn an_image_that_is_no_text_is_an_error() {
    let found = kubernetes::read(b"containers:\n- image: [a]\n");
    assert!(
        matches!(
            found,
            Err(MentionsError::NoText {
                line: 2,
                found: "a sequence"
            })
        ),
        "{found:?}"
    );
}

#[test]
fn yaml_that_is_none_names_its_line() {
    let found = kubernetes::read(b"a: b\nc: [d\n");
    assert!(matches!(found, Err(MentionsError::Yaml { .. })), "{found:?}");
}

#[test]
fn images_are_pinned_in_place() {
    let text = "# é\nspec:\n  containers:   # two\n  - image:   a:1   # first\n  - {image: \"b\", name: 'x'}\n  - image: >-\n      c\n  - name: y\n";
    let found = kubernetes::read(text.as_bytes()).expect("resources");
    let pinned: Vec<String> = found.iter().map(|mention| format!("{}@D", mention.image)).collect();
    assert_eq!(
        replace(text, &found, &pinned),
        "# é\nspec:\n  containers:   # two\n  - image:   a:1@D   # first\n  - {image: \"b@D\", name: 'x'}\n  - image: >-\n      c@D\n  - name: y\n"
    );
}

#[test]
fn deep_and_large_files_are_refused() {
    let deep = "[".repeat(10_000);
    let found = kubernetes::read(deep.as_bytes());
    assert!(matches!(found, Err(MentionsError::Yaml { .. })), "{found:?}");
    let large = vec![b' '; super::LIMIT + 1];
    assert!(matches!(kubernetes::read(&large), Err(MentionsError::TooLong { .. })));
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ncontainers: [*c]\n";
    assert_eq!(resources(bomb), Vec::<String>::new());
    assert!(matches!(kubernetes::read(b"\xff"), Err(MentionsError::NotText)));
}
