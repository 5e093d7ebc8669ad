//! A build script as users write it, so that tests can run it without a build.

fn main() {
    sidecar_fetch::build();
}
