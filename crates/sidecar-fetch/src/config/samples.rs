//! Configurations as apps have them, for tests of the readers and of the edits.

use proptest::prelude::*;
use proptest::sample::{Index, select};

pub(crate) const JSON: &str = r#"{
  "$schema": "../node_modules/@tauri-apps/cli/config.schema.json",
  "productName": "Caf\u00e9 Notes",
  "version": "0.1.0",
  "identifier": "org.example.notes",
  "build": { "beforeBuildCommand": "npm run build", "frontendDist": "../dist", "devUrl": "http://localhost:1420" },
  "app": {
    "windows": [{ "label": "main", "width": 800.5, "height": 6e2, "zoom": -1 }],
    "security": { "csp": null, "capabilities": ["main", { "identifier": "inline", "windows": ["*"], "permissions": [] }] }
  },
  "bundle": {
    "active": true,
    "targets": "all",
    "icon": ["icons/32x32.png", "icons/icon.ico"],
    "resources": { "licenses/": "licenses/", "a.txt": "b.txt" },
    "externalBin": [
      "binaries/pocketbase",
      "binaries/ffmpeg"
    ]
  },
  "plugins": {}
}
"#;

pub(crate) const JSON5: &str = r#"// The app.
{
	$schema: 'https://example.org/schema.json',
	productName: "Notes", /* shown in
	the title bar */
	identifier: 'org.example.notes',
	build: { frontendDist: '../dist', },
	app: {
		windows: [{ width: +800, height: .5e3, x: 0x10, title: 'It\'s \
here' }],
	},
	bundle: {
		active: true, // always
		externalBin: [
			'binaries/pocketbase', // the database
			// "binaries/old",
			'./binaries/ffmpeg',
		],
		resources: ['data/*'],
	},
}
"#;

pub(crate) const TOML: &str = r#"# The app.
identifier = "org.example.notes"
productName = 'Notes'
build.frontendDist = "../dist"

[bundle]
active = true
externalBin = [
  "binaries/pocketbase", # the database
  # "binaries/old",
  'binaries/ffmpeg',
]
resources = { "licenses/" = "licenses/", 'a.txt' = "b.txt" }

[bundle.linux.deb]
depends = ["libc6"]

[[app.windows]]
label = "main"
width = 800.0
height = 0x258
title = """
Notes"""

[[app.windows]]
label = "other" # [x]
"#;

/// Path and text of each.
pub(crate) const ALL: [(&str, &str); 3] =
    [("tauri.conf.json", JSON), ("tauri.conf.json5", JSON5), ("Tauri.toml", TOML)];

/// A sample in which some places were overwritten, cut out or filled.
pub(crate) fn damaged() -> impl Strategy<Value = (&'static str, String)> {
    let pieces = [
        "", ",", "\"", "'", "[", "]", "{", "}", "\\", "\\u", "\n", "\r\n", "#", "//", "/*", "*/", "=", ".",
        "0", "-", "\u{feff}", "\u{2028}", "\u{e9}", "\0", "null", "[[", " ",
    ];
    let change = (any::<Index>(), 0..3_usize, select(pieces.to_vec()));
    (select(ALL.to_vec()), any::<bool>(), proptest::collection::vec(change, 0..4)).prop_map(
        |((path, text), crlf, changes)| {
            let text = if crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
            let mut chars: Vec<char> = text.chars().collect();
            for (at, gone, new) in changes {
                let at = at.index(chars.len());
                let end = (at + gone).min(chars.len());
                chars.splice(at..end, new.chars());
            }
            (path, chars.into_iter().collect())
        },
    )
}
