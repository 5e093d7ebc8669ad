use super::Running;
use super::begin::Context;
use std::time::Instant;
pub(super) struct StdioRpc;
impl StdioRpc {
    pub(super) fn begin(_: &Context) -> Option<Self> {
        None
    }
    pub(super) fn call(&self, _: &Running, _: &str, _: Instant) -> Result<(), String> {
        Err(String::new())
    }
}
