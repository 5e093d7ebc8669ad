use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

fn announced(template: &str) -> Finder {
    Finder::new(&Port::Announce(template.parse().unwrap()), Expose::Nothing).unwrap().unwrap()
}

fn matched(regex: &str) -> Finder {
    Finder::new(&Port::Regex(regex.parse().unwrap()), Expose::Nothing).unwrap().unwrap()
}

fn pointed(pointer: &str) -> Finder {
    Finder::new(&Port::Json(pointer.parse().unwrap()), Expose::Nothing).unwrap().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "to compare with what `line` returns")]
fn first(port: u16, host: Option<&str>) -> Option<Seen> {
    Some(Seen::First(Found { port, host: host.map(|host| host.parse().unwrap()) }))
}

fn refused(mut finder: Finder, line: &str) -> String {
    match finder.line(line) {
        Some(Seen::Refused(refusal)) => refusal.to_string(),
        other => panic!("{line:?}: {other:?}"),
    }
}

#[test]
fn a_port_is_found_anywhere_in_any_line() {
    let mut finder = announced("BACKEND_PORT:{port}");
    for line in ["", "starting", "BACKEND_PORT", "port 80"] {
        assert_eq!(finder.line(line), None, "{line}");
    }
    assert_eq!(finder.line("\u{1b}[32m[info] BACKEND_PORT:38113\u{1b}[0m, pid 7\r"), first(38113, None));
}

#[test]
fn only_ports_announce() {
    for port in [Port::Lease, Port::None, Port::ListenFd, Port::Fixed(std::num::NonZeroU16::MIN)] {
        assert!(Finder::new(&port, Expose::Nothing).unwrap().is_none());
    }
}

#[test]
fn what_is_no_port_is_told_as_it_was_written() {
    for (line, told) in [
        ("PORT:65536", "announced `65536`, which is no port"),
        ("PORT:0", "announced `0`, which is no port"),
        ("PORT:-1", "announced `-1`, which is no port"),
        ("PORT:+80", "announced `+80`, which is no port"),
        ("PORT:08080", "announced `08080`, which is no port"),
        ("PORT:80801234567", "announced `80801234567`, which is no port"),
        ("PORT:٨٠٨٠", "announced `٨٠٨٠`, which is no port"),
        ("PORT:80８", "announced `80８`, which is no port"),
        ("PORT:undefined", "announced `undefined`, which is no port"),
        ("PORT: 8080", "announced ` 8080`, which is no port"),
        ("PORT:", "nothing stands where the port should"),
        ("PORT:PORT:0", "announced `PORT:0`, which is no port"),
    ] {
        assert_eq!(refused(announced("PORT:{port}"), line), told);
    }
    let long = format!("PORT:{}", "9".repeat(100));
    assert_eq!(
        refused(announced("PORT:{port}"), &long),
        format!("announced `{}…`, which is no port", "9".repeat(40))
    );
}

#[test]
fn the_limits_are_exact() {
    for port in [1, 9, 80, 1024, 65535] {
        assert_eq!(announced("PORT:{port}").line(&format!("PORT:{port}")), first(port, None));
    }
}

#[test]
fn the_first_that_is_valid_counts_and_others_are_told_apart() {
    let mut finder = announced("PORT:{port}");
    assert!(matches!(finder.line("PORT:0"), Some(Seen::Refused(_))));
    assert_eq!(finder.line("PORT:0 PORT:PORT:81 PORT:82"), first(81, None));
    assert_eq!(finder.line("PORT:81"), None);
    assert_eq!(finder.line("PORT:99999"), None);
    assert_eq!(finder.line("PORT:82"), Some(Seen::Again(Found { port: 82, host: None })));
    assert_eq!(finder.line("PORT:82"), None);
}

#[test]
fn a_flood_of_other_ports_is_told_some_times_only() {
    let mut finder = announced("PORT:{port}");
    let told = (1..=1000).filter(|port| finder.line(&format!("PORT:{port}")).is_some()).count();
    assert_eq!(told, 1 + usize::from(TOLD_AGAIN));
}

#[test]
fn a_host_must_be_loopback() {
    let finder = || announced("http://{host}:{port}/");
    for (host, found) in [
        ("127.0.0.1", Some("127.0.0.1")),
        ("127.9.8.7", Some("127.9.8.7")),
        ("[::1]", Some("::1")),
        ("::1", Some("::1")),
        ("[::ffff:127.0.0.1]", Some("127.0.0.1")),
        ("localhost", None),
        ("LOCALHOST", None),
    ] {
        let line = format!("listening on http://{host}:8080/ now");
        assert_eq!(finder().line(&line), first(8080, found), "{host}");
    }
    for host in ["0.0.0.0", "[::]", "::", "*", "192.168.1.7", "[fe80::1%eth0]", "[::ffff:10.0.0.1]"] {
        let told = refused(finder(), &format!("http://{host}:8080/"));
        assert_eq!(told, format!("announced `{host}`, which other machines reach"));
    }
    for host in ["example.com", "127.0.0.1.example.com", "", "999.1.1.1"] {
        let told = refused(finder(), &format!("http://{host}:8080/"));
        assert_eq!(told, format!("announced the host `{host}`, which is no address"));
    }
    assert_eq!(finder().line("http://127.0.0.1/"), None);
    assert_eq!(refused(finder(), "http://127.0.0.1:0/"), "announced `0`, which is no port");
}

#[test]
fn the_colon_of_an_address_is_not_the_one_before_the_port() {
    let finder = || announced("{host}:{port}");
    assert_eq!(finder().line("12:30:01 listening on 127.0.0.1:8080"), first(8080, Some("127.0.0.1")));
    assert_eq!(finder().line("::1:8080"), first(8080, Some("::1")));
    assert_eq!(finder().line("127.0.0.1:8080:more:9"), first(8080, Some("127.0.0.1")));
    assert_eq!(refused(finder(), "on [::]:8080"), "announced `[::]`, which other machines reach");
}

#[test]
fn the_worst_of_a_line_is_told() {
    let told = refused(announced("{host}:{port}"), "12:30 see example.com:80, on 0.0.0.0:8080, a:0");
    assert_eq!(told, "announced `0.0.0.0`, which other machines reach");
}

#[test]
fn a_port_may_stand_first() {
    let finder = || announced("{port} is my port");
    assert_eq!(finder().line("8080 is my port"), first(8080, None));
    assert_eq!(finder().line("server-8080 is my port"), first(8080, None));
    assert_eq!(refused(finder(), "-1 is my port"), "the group `port` took `1` out of `-1`");
    assert_eq!(refused(finder(), "018080 is my port"), "announced `018080`, which is no port");
}

#[test]
fn an_expression_takes_a_whole_number() {
    let finder = || matched(r"listening.*?(?<port>[0-9]{1,5})");
    assert_eq!(finder().line("INFO listening at 5000"), first(5000, None));
    assert_eq!(
        refused(finder(), "listening at 80801234567"),
        "the group `port` took `80801` out of `80801234567`"
    );
    // The greedy `.*` leaves one digit.
    assert_eq!(
        refused(matched(r"listening.*(?<port>\d+)"), "listening at 5001"),
        "the group `port` took `1` out of `5001`"
    );
    assert_eq!(refused(matched(r"at (?<port>\S+)"), "at 80/tcp"), "announced `80/tcp`, which is no port");
    assert_eq!(matched(r"-(?<port>\d+)").line("x -8080"), first(8080, None));
}

#[test]
fn an_expression_may_have_a_host_and_optional_groups() {
    let finder = || matched(r"on (?:(?<host>\S+) )?port(?: (?<port>\d+))?");
    assert_eq!(finder().line("on ::1 port 70"), first(70, Some("::1")));
    assert_eq!(finder().line("on port 71"), first(71, None));
    assert_eq!(finder().line("on port, on port 72"), first(72, None));
    assert_eq!(refused(finder(), "on 0.0.0.0 port 70"), "announced `0.0.0.0`, which other machines reach");
}

#[test]
fn json_lines_hold_a_number_or_a_text() {
    let finder = || pointed("/attr/port");
    let mongod =
        r#"{"t":{"$date":"2026-01-01"},"s":"I","msg":"Waiting for connections","attr":{"port":27017}}"#;
    assert_eq!(finder().line(mongod), first(27017, None));
    assert_eq!(finder().line(r#"  {"attr":{"port":"27018"}} trailing"#), first(27018, None));
    assert_eq!(finder().line(r#"[web] {"attr":{"port":27019}}"#), first(27019, None));
    assert_eq!(pointed("/0").line("[8080]"), first(8080, None));
    for line in ["", "{", "port 80", r#"{"attr":{}}"#, r#"{"attr":{"port":null}}"#, r#"{"attr":{"port":8"#] {
        assert_eq!(finder().line(line), None, "{line}");
    }
    for (value, told) in
        [("0", "0"), ("-1", "-1"), ("80.5", "80.5"), ("1e3", "1000.0"), ("true", "true"), ("\" 80\"", " 80")]
    {
        let line = format!(r#"{{"attr":{{"port":{value}}}}}"#);
        assert_eq!(refused(finder(), &line), format!("announced `{told}`, which is no port"));
    }
    assert_eq!(finder().line(&"[".repeat(100_000)), None);
}

#[test]
fn a_line_of_announcements_that_are_none_costs_little() {
    let line = "PORT:0 ".repeat(100_000);
    assert_eq!(refused(announced("PORT:{port}"), &line), "announced `0`, which is no port");
    let digits = "9".repeat(100_000);
    assert!(matches!(matched(r"(?<port>\d{1,5})").line(&digits), Some(Seen::Refused(_))));
}

fn place(place: &PortPlace) -> Place {
    Place::new(place).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "to compare with what `read` returns")]
fn reading(answer: std::result::Result<u16, &str>, complete: bool) -> Option<Reading> {
    let answer =
        answer.map(|port| Found { port, host: None }).map_err(|text| Refusal::NoPort(text.to_owned()));
    Some(Reading { answer, complete })
}

#[test]
fn a_line_of_a_file_is_certain_when_it_has_ended() {
    let first = place(&PortPlace::Line(1.try_into().unwrap()));
    assert_eq!(first.read(""), None);
    assert_eq!(first.read("\n"), None);
    assert_eq!(first.read("80"), reading(Ok(80), false));
    assert_eq!(first.read("8080\r\n/devtools/browser/1\n"), reading(Ok(8080), true));
    assert_eq!(first.read("port 8080\n"), reading(Err("port 8080"), true));
    let fourth = place(&PortPlace::Line(4.try_into().unwrap()));
    assert_eq!(fourth.read("812\n/data\n1700000000\n"), None);
    assert_eq!(fourth.read("812\n/data\n1700000000\n5432\n\n127.0.0.1\n"), reading(Ok(5432), true));
}

#[test]
fn json_in_a_file_is_certain_when_it_has_ended() {
    let json = place(&PortPlace::Json("/port".parse().unwrap()));
    let text = "{\"port\": 8080,\n\"token\":\"x\"}";
    for end in 0..text.len() {
        assert_eq!(json.read(&text[..end]), None, "{}", &text[..end]);
    }
    assert_eq!(json.read(text), reading(Ok(8080), true));
    assert_eq!(json.read("{\"port\":99999}"), reading(Err("99999"), true));
    let told = json.read("port = 80").unwrap();
    assert!(matches!(told, Reading { answer: Err(Refusal::NoJson(_)), complete: false }));
}

#[test]
fn an_expression_finds_the_port_in_a_file() {
    let regex = place(&PortPlace::Regex(r"(?m)^port=(?<port>\d+)".parse().unwrap()));
    assert_eq!(regex.read("host=a\n"), None);
    assert_eq!(regex.read("host=a\nport=80"), reading(Ok(80), false));
    assert_eq!(regex.read("host=a\nport=8080\n"), reading(Ok(8080), true));
}

#[test]
fn the_address_is_the_announced_one_or_the_expected() {
    let at = |host: Option<&str>| Found { port: 80, host: host.map(|host| host.parse().unwrap()) };
    assert_eq!(at(None).address(Host::V6).to_string(), "[::1]:80");
    assert_eq!(at(Some("127.0.0.2")).address(Host::V6).to_string(), "127.0.0.2:80");
}

/// Compiled once: this is what takes long.
static FINDERS: LazyLock<Vec<Finder>> = LazyLock::new(|| {
    vec![
        announced("PORT:{port}"),
        announced("{host}:{port}"),
        announced("{port} at {host}!"),
        announced("http://{host}:{port}/"),
        matched(r"(?<host>\S*)?.*(?<port>\w*)"),
        matched(r"(?<port>\d*)"),
        pointed("/a/port"),
        pointed("/0"),
    ]
});

static PLACES: LazyLock<[Place; 3]> = LazyLock::new(|| {
    [
        place(&PortPlace::Line(2.try_into().unwrap())),
        place(&PortPlace::Json("/0".parse().unwrap())),
        place(&PortPlace::Regex(r"(?<port>\d*)".parse().unwrap())),
    ]
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_in_any_split_panics(
        text in r#"(PORT:|http://|[0-9]{1,7}|[:.*\[\]{}"@+-]|at |localhost|127\.0\.0\.1|port|\PC|\p{N}|\n){0,30}"#,
        cuts in prop::collection::vec(0_usize..200, 0..8),
    ) {
        for mut finder in FINDERS.iter().cloned() {
            let mut rest = text.as_str();
            for cut in &cuts {
                let cut = boundary(rest, *cut);
                let (line, after) = rest.split_at(cut);
                finder.line(line);
                rest = after;
            }
            for line in rest.lines() {
                finder.line(line);
            }
        }
        for place in PLACES.iter() {
            place.read(&text);
        }
    }

    #[test]
    fn an_announcement_in_noise_is_found(
        before in prop::collection::vec(r"(\PC|PORT|PORT:|PORT:0|PORT:-|POST:80|PORT 80){0,20}", 0..5),
        front in r"(\PC|PORT|PORT:|PORT:0|PORT:-|POST:80|PORT 80){0,20}",
        port in 1_u16..,
        back in r"(|\PC{1,20})",
    ) {
        prop_assume!(!back.starts_with(char::is_numeric));
        // What the noise itself announces would rightly be taken.
        let announces = |text: &str| matches!(FINDERS[0].clone().line(text), Some(Seen::First(_)));
        prop_assume!(!before.iter().any(|line| announces(line)));
        prop_assume!(!announces(&front));
        let mut finder = FINDERS[0].clone();
        for line in &before {
            let seen = finder.line(line);
            prop_assert!(!matches!(seen, Some(Seen::First(_))));
        }
        let seen = finder.line(&format!("{front}PORT:{port}{back}"));
        prop_assert_eq!(seen, first(port, None));
    }

    #[test]
    fn a_number_is_a_port_exactly_when_it_is_one(number in prop_oneof![0_u64..70_000, any::<u64>()]) {
        let seen = FINDERS[0].clone().line(&format!("PORT:{number}"));
        match u16::try_from(number) {
            Ok(port @ 1..) => prop_assert_eq!(seen, first(port, None)),
            _ => prop_assert!(matches!(seen, Some(Seen::Refused(_)))),
        }
    }
}

/// The last character boundary up to there.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
