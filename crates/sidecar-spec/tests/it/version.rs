//! A spec tells who can read it before it tells anything else.

use sidecar_spec::{Install, Run, SPEC_VERSION, Sidecar, Spec, SpecErrorKind};

#[test]
fn a_newer_one_is_refused_before_anything_else_is_read() {
    let text = r#"{"sidecars": ["of", "another", {"shape": 1}], "more": null, "spec": 2}"#;
    let error = Spec::from_json(text).unwrap_err();
    assert_eq!(error.kind(), SpecErrorKind::TooNew);
    assert_eq!(error.kind().code(), "spec-too-new");
    assert_eq!(error.to_string(), "the spec has version 2; this version reads up to 1");
    let far = r#"{"spec": 18446744073709551615}"#;
    assert_eq!(Spec::from_json(far).unwrap_err().kind(), SpecErrorKind::TooNew);
}

#[test]
fn this_one_is_read() {
    let spec = Spec::from_json(r#"{"spec": 1}"#).unwrap();
    assert_eq!((spec.version, spec.sidecars.len()), (SPEC_VERSION, 0));
}

#[test]
fn what_is_written_is_read_again() {
    let mut sidecar = Sidecar::from(Run::default());
    let mut install = Install::beside_app("myapp-llama");
    install.binaries = Some("binaries".to_owned());
    install.resource = Some("binaries/myapp-llama/bin/llama-server".to_owned());
    install.version = Some("b6900".to_owned());
    sidecar.install = Some(install);
    let spec = Spec::new([("llama", sidecar), ("other", Sidecar::default())]);
    let json = spec.to_json().unwrap();
    assert_eq!(Spec::from_json(&json).unwrap(), spec);
    assert_eq!(Spec::from_json(&json).unwrap().to_json().unwrap(), json);
}
