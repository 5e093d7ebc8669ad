//! Programs that people ship: they start, serve, stop, and die with the app.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cases::Setup;
use crate::field::Scene;
use crate::look::{ID, carrying, tell, until};

/// A program, or what to install for it.
struct Program {
    name: &'static str,
    package: &'static str,
    /// The `run` table, once it is prepared in the scene.
    prepare: fn(&Scene, &Path) -> Result<Value, String>,
    /// The file that must be there.
    file: &'static str,
    asks: &'static [u8],
    /// How its answer begins.
    answers: &'static [u8],
}

const HTTP: &[u8] = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

const PROGRAMS: [Program; 5] = [
    Program {
        name: "PostgreSQL",
        package: "apt-get install --no-install-recommends postgresql",
        prepare: postgres,
        file: "postgres",
        // Whether it speaks TLS; Debian's answers both ways.
        asks: &[0, 0, 0, 8, 4, 210, 22, 47],
        answers: b"N",
    },
    Program {
        name: "Redis",
        package: "apt-get install --no-install-recommends redis-server",
        prepare: |scene, redis| Ok(self::redis(scene, redis)),
        file: "redis-server",
        asks: b"PING\r\n",
        answers: b"+PONG",
    },
    Program {
        name: "nginx",
        package: "apt-get install --no-install-recommends nginx-light",
        prepare: |scene, nginx| Ok(self::nginx(scene, nginx)),
        file: "nginx",
        asks: HTTP,
        answers: b"HTTP/1.1 200",
    },
    Program {
        name: "a Node server",
        package: "apt-get install --no-install-recommends nodejs",
        prepare: |_, node| Ok(announcing(node, "server.js")),
        file: "node",
        asks: HTTP,
        answers: b"HTTP/1.1 200",
    },
    Program {
        name: "a Python program with a child",
        package: "apt-get install --no-install-recommends python3",
        prepare: |_, python| Ok(announcing(python, "bundled.py")),
        file: "python3",
        asks: HTTP,
        answers: b"HTTP/1.0 200",
    },
];

/// Each is ready, answers, stops, starts again, and is gone when the app is killed.
pub(crate) fn real_programs(setup: &Setup) {
    for program in PROGRAMS {
        let name = program.name;
        let Some(path) = find(program.file) else {
            println!("  left out {name}: {}", program.package);
            continue;
        };
        let (mut stopped, mut gone) = (Vec::new(), Vec::new());
        for _ in 0..setup.rounds(1) {
            let scene = Scene::new();
            let run = match (program.prepare)(&scene, &path) {
                Ok(run) => run,
                Err(reason) => {
                    println!("  left out {name}: {reason}");
                    break;
                }
            };
            let mut field = scene.sidecar("program", &run).begin();
            let port = field.start("program");
            ask(port, &program);
            let (start, when) = field.stop("program");
            stopped.push(when - start);
            // A keeper that has told that its tree is empty may take a moment to end.
            until(&format!("{name}: only the app and its zygote are left"), || {
                carrying(&field.id).len() == 2
            });
            let port = field.start("program");
            ask(port, &program);
            gone.push(field.kill_app());
        }
        if !gone.is_empty() {
            tell(&format!("{name}: stopped"), &mut stopped);
            tell(&format!("{name}: gone with the app"), &mut gone);
        }
    }
}

fn ask(port: u16, program: &Program) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(program.asks).unwrap();
    let mut answer = vec![0; program.answers.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, program.answers, "{}", program.name);
}

/// A program on PATH or where Debian puts servers.
pub(crate) fn find(file: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let postgres = versions.map(|version| version.path().join("bin"));
    let dirs = std::env::split_paths(&path).chain(["/usr/sbin".into()]).chain(postgres);
    dirs.map(|dir| dir.join(file)).find(|file| file.is_file())
}

fn fixture(name: &str) -> String {
    format!("{}/fixtures/sidecars/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A script that chooses its port and says so, and knows the nonce.
fn announcing(interpreter: &Path, script: &str) -> Value {
    json!({
        "program": { "path": interpreter },
        "args": [fixture(script)],
        "port": { "announce": "BACKEND_PORT:{port}" },
        "health": { "ready": "http:/health" },
        "identity": "nonce",
        "restart": { "when": "never" },
    })
}

fn redis(scene: &Scene, program: &Path) -> Value {
    let dir = scene.path("redis");
    std::fs::create_dir_all(&dir).unwrap();
    json!({
        "program": { "path": program },
        "args": ["--port", "{port}", "--bind", "{host}", "--save", "", "--dir", dir],
        "cwd": dir,
        "health": { "ready": "line:Ready to accept connections" },
        "restart": { "when": "never" },
    })
}

/// nginx takes no port from its command line: this one has a fixed one, free when it was looked for.
fn nginx(scene: &Scene, program: &Path) -> Value {
    let dir = scene.path("nginx");
    std::fs::create_dir_all(&dir).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let temp = |name: &str| format!("{name}_temp_path {}/{name};", dir.display());
    let temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(temp).join(" ");
    let config = format!(
        "daemon off; worker_processes 2; pid {0}/pid; error_log stderr;\n\
         events {{}}\n\
         http {{ access_log off; {temps}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ return 200 ok; }} }} }}\n",
        dir.display()
    );
    std::fs::write(dir.join("nginx.conf"), config).unwrap();
    json!({
        "program": { "path": program },
        "args": ["-p", dir, "-c", dir.join("nginx.conf"), "-e", "stderr"],
        "cwd": dir,
        "port": port,
        "health": { "ready": "http:/" },
        "stop": { "signal": "QUIT" },
        "restart": { "when": "never" },
    })
}

/// `PostgreSQL` refuses to run as root, and becomes the user of its package then: a keeper of root may still end it.
fn postgres(scene: &Scene, program: &Path) -> Result<Value, String> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let dir = scene.path("postgres");
    std::fs::create_dir_all(&dir).unwrap();
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let become_other: &[&str] = if root {
        find("setpriv").ok_or("it refuses root, and there is no setpriv: apt-get install util-linux")?;
        if !Command::new("id")
            .arg("postgres")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
        {
            return Err("it refuses root, and there is no user `postgres`: install its package".to_owned());
        }
        // The directory above is of this user alone.
        std::fs::set_permissions(dir.parent().unwrap(), std::fs::Permissions::from_mode(0o711)).unwrap();
        assert!(Command::new("chown").arg("postgres").arg(&dir).status().unwrap().success());
        &["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    } else {
        &["env"]
    };
    let cluster = dir.join("cluster");
    let initdb = Command::new(become_other[0])
        .args(&become_other[1..])
        .arg(program.canonicalize().unwrap().with_file_name("initdb"))
        .args(["--no-sync", "--auth=trust", "--username=postgres", "-D"])
        .arg(&cluster)
        .current_dir(&dir)
        .env(ID, &scene.id)
        .output()
        .unwrap();
    assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
    let mut args: Vec<String> = become_other[1..].iter().map(|arg| (*arg).to_owned()).collect();
    args.push(program.display().to_string());
    args.extend(["-D", &cluster.display().to_string(), "-h", "{host}", "-p", "{port}"].map(str::to_owned));
    args.extend(["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "ssl=off"].map(str::to_owned));
    Ok(json!({
        "program": { "on-path": become_other[0] },
        "args": args,
        "cwd": dir,
        "health": { "ready": "line:database system is ready to accept connections" },
        // A fast shutdown: SIGTERM would wait for clients.
        "stop": { "signal": "INT", "grace": "20s" },
        "restart": { "when": "never" },
    }))
}
