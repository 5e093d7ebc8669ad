//! What is written is read again, whatever it is.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sidecar_spec::{Run, Spec};

fn span() -> impl Strategy<Value = Value> {
    (0..100_000_u64, prop::sample::select(vec!["ms", "s", "m", "h", "d"]))
        .prop_map(|(number, unit)| json!(format!("{number}{unit}")))
}

fn size() -> impl Strategy<Value = Value> {
    (0..100_000_u64, prop::sample::select(vec!["B", "KiB", "MiB", "GiB"]))
        .prop_map(|(number, unit)| json!(format!("{number}{unit}")))
}

fn one_of(values: &[Value]) -> impl Strategy<Value = Value> + Clone + use<> {
    prop::sample::select(values.to_vec())
}

fn template() -> impl Strategy<Value = Value> {
    let piece = prop_oneof![
        "[^{}]{0,8}",
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("{port}".to_owned()),
        Just("{data_dir}".to_owned()),
        "[a-z][a-z0-9.-]{0,5}[a-z]".prop_map(|name| format!("{{{name}.url}}")),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| json!(pieces.concat()))
}

fn probe() -> impl Strategy<Value = Value> {
    let check = one_of(&[
        json!("http:/health?x=1"),
        json!("grpc"),
        json!("grpc:a.B"),
        json!("jsonrpc:ping"),
        json!("tcp"),
        json!("process"),
        json!("line:^(a|b): [0-9]+$"),
    ]);
    prop_oneof![
        check.clone(),
        (check, span(), span(), any::<u32>()).prop_map(|(check, every, timeout, failures)| {
            json!({ "check": check, "every": every, "timeout": timeout, "failures": failures })
        }),
    ]
}

fn port() -> impl Strategy<Value = Value> {
    prop_oneof![
        one_of(&[
            json!("lease"),
            json!("none"),
            json!({ "regex": "p(?<port>.)" }),
            json!({ "json": "/a~1b/port" }),
            json!({ "listen-fd": true }),
        ]),
        (1..=65535_u32).prop_map(|port| json!(port)),
        "[^{}\r\n\0]{1,9}".prop_map(|text| json!({ "announce": format!("{text}{{port}}") })),
        (template(), 1..=65535_u32).prop_map(|(file, line)| json!({ "file": file, "line": line })),
        template().prop_map(|file| json!({ "file": file, "json": "/port" })),
        template().prop_map(|file| json!({ "file": file, "regex": "(?<port>.)" })),
    ]
}

fn restart() -> impl Strategy<Value = Value> {
    let table = (any::<u32>(), span(), span(), span(), any::<u32>()).prop_map(
        |(max, within, stable, first, factor)| {
            json!({
                "when": "always", "max": max, "within": within, "stable-after": stable,
                "backoff": { "first": first, "factor": factor, "max": first, "jitter": 3 }
            })
        },
    );
    prop_oneof![one_of(&[json!("never"), json!("always"), json!("on-failure")]), table]
}

fn table(keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    // Each key is there, or not.
    let entries: Vec<_> = keys
        .into_iter()
        .map(|(key, value)| prop::option::of(value).prop_map(move |value| Some((key, value?))))
        .collect();
    entries.prop_map(|entries| {
        Value::Object(entries.into_iter().flatten().map(|(key, value)| (key.to_owned(), value)).collect())
    })
}

fn stop() -> impl Strategy<Value = Value> {
    table(vec![
        ("request", one_of(&[json!("close-stdin"), json!("stdin:quit now"), json!("grpc:a.B/C")]).boxed()),
        ("request-grace", span().boxed()),
        (
            "signal",
            one_of(&[json!("TERM"), json!("INT"), json!("QUIT"), json!("HUP"), json!("none")]).boxed(),
        ),
        ("grace", span().boxed()),
        ("app-death-grace", span().boxed()),
    ])
}

fn run() -> impl Strategy<Value = Value> {
    let texts = || prop::collection::vec(template(), 0..4).prop_map(Value::from);
    let env = prop::collection::btree_map("[A-Z_]{1,6}", template(), 0..3)
        .prop_map(|env| Value::Object(env.into_iter().collect::<Map<_, _>>()));
    let health = table(vec![
        ("startup", probe().boxed()),
        ("ready", probe().boxed()),
        ("live", probe().boxed()),
        ("ready-within", span().boxed()),
    ]);
    let needs = one_of(&[json!([]), json!(["a", { "name": "b.c", "restart-with": true }])]);
    let codes = || prop::collection::vec(any::<i32>(), 0..3).prop_map(|codes| json!(codes));
    let logs =
        table(vec![("memory", size().boxed()), ("line", size().boxed()), ("files", Just(json!(0)).boxed())]);
    let limits = table(vec![
        ("memory", size().boxed()),
        ("cpu", (1..1000_u32).prop_map(|n| json!(format!("{n}%"))).boxed()),
    ]);
    let program = one_of(&[json!("x"), json!({ "path": "/a/{name}" }), json!({ "on-path": "node" })]);
    let token = one_of(&[json!({ "env": "T" }), json!({ "file": "{instance_dir}/t" })]);
    table(vec![
        ("program", program.boxed()),
        ("args", texts().boxed()),
        ("env", env.boxed()),
        ("cwd", template().boxed()),
        ("stdin", one_of(&[json!("null"), json!("pipe")]).boxed()),
        ("port", port().boxed()),
        ("expose", one_of(&[json!("nothing"), json!("other-ports"), json!("all")]).boxed()),
        ("host", one_of(&[json!("127.0.0.1"), json!("::1")]).boxed()),
        ("health", health.boxed()),
        ("depends-on", needs.boxed()),
        ("restart", restart().boxed()),
        ("stop", stop().boxed()),
        ("success-codes", codes().boxed()),
        ("permanent-codes", codes().boxed()),
        ("logs", logs.boxed()),
        ("limits", limits.boxed()),
        ("sha256", "[0-9a-f]{64}".prop_map(Value::from).boxed()),
        ("identity", one_of(&[json!("socket"), json!("nonce")]).boxed()),
        ("token", token.boxed()),
    ])
}

proptest! {
    #[test]
    fn json_holds_every_run_table(table in run()) {
        let read: Run = serde_json::from_value(table).unwrap();
        let spec = Spec::new([("a", read.clone())]);
        // Whatever it holds, it can be judged.
        let problems = spec.check();
        prop_assert!(problems.iter().all(|problem| problem.sidecar == "a"));
        let again = Spec::from_json(&spec.to_json().unwrap()).unwrap();
        prop_assert_eq!(&again, &spec);
        // `toml` reads what serde writes as it reads what people write.
        let text = toml::to_string(&read).unwrap();
        prop_assert_eq!(toml::from_str::<Run>(&text).unwrap(), read);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in r#"[\[\]{}:",0-9a-z\\ ]{0,60}"#) {
        let _ = Spec::from_json(&text);
        let _ = toml::from_str::<Run>(&text);
    }
}
