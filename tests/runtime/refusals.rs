//! What bad input gets: a typed error, which says what to do, and nothing that was started.

use serde_json::{Value, json};
use sidecar_supervisor::{Error, Kind, Supervisor};
use snapbox::{Assert, Data, Redactions, data::DataFormat, file};

use crate::scene::{Scene, misbehave, program, spec, with};

crate::stories![
    a_spec_of_a_newer_version,
    an_unknown_key_names_the_nearest,
    problems_are_told_together,
    an_unknown_sidecar_names_the_nearest,
    a_missing_program_lists_every_path,
    a_program_that_is_not_on_path,
    a_changed_program,
    a_directory_that_is_gone,
    a_placeholder_that_cannot_be_known,
    a_nul_in_an_argument,
    no_permission_to_execute,
    ports_that_are_none,
];
