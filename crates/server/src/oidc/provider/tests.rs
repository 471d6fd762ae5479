use super::*;

#[test]
fn a_provider_that_is_known_has_its_own_kind() {
    for (text, url, word) in [
        ("https://example.com", "https://example.com", "email"),
        (
            "https://token.actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com",
            "github-workflow",
        ),
        ("https://gitlab.com", "https://gitlab.com", "gitlab-pipeline"),
        (
            "https://agent.buildkite.com",
            "https://agent.buildkite.com",
            "buildkite-job",
        ),
        (
            "https://ghes.example/_services/token=github-workflow",
            "https://ghes.example/_services/token",
            "github-workflow",
        ),
        ("https://gitlab.com=email", "https://gitlab.com", "email"),
        (
            "https://example.com=uri:https://example.com",
            "https://example.com",
            "uri",
        ),
    ] {
        let issuer = OidcIssuer::parse(text).expect("an issuer");
        assert_eq!((issuer.url(), issuer.kind.word()), (url, word));
    }
}
