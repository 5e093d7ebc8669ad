//! Written by `cargo xtask codegen` from `manifests/`.

/// The recipes by name, each with its text.
#[rustfmt::skip]
pub(super) const RECIPES: &[(&str, &str)] = &[
    ("aria2c", r#"# Downloads over HTTP, FTP, BitTorrent and Metalink
# https://aria2.github.io
[sidecar.aria2c]
github = "aria2/aria2"
"#),
    ("ast-grep", r#"# Searches and rewrites code by its syntax tree
# https://ast-grep.github.io
[sidecar.ast-grep]
github = "ast-grep/ast-grep"
"#),
    ("biome", r#"# Formats and lints JavaScript, TypeScript, JSON and CSS
# https://biomejs.dev
[sidecar.biome]
github = "biomejs/biome"
tag-prefix = "@biomejs/biome@"
"#),
    ("bore", r#"# Tunnel that exposes a local TCP port
# https://github.com/ekzhang/bore
[sidecar.bore]
github = "ekzhang/bore"
"#),
    ("bun", r#"# JavaScript runtime, bundler and package manager
# https://bun.sh
[sidecar.bun]
github = "oven-sh/bun"
tag-prefix = "bun-"
"#),
    ("caddy", r#"# Web server with automatic HTTPS
# https://caddyserver.com
[sidecar.caddy]
github = "caddyserver/caddy"
"#),
    ("chisel", r#"# TCP and UDP tunnel over HTTP
# https://github.com/jpillora/chisel
[sidecar.chisel]
github = "jpillora/chisel"
"#),
    ("clangd", r#"# Language server for C and C++
# https://clangd.llvm.org
[sidecar.clangd]
github = "clangd/clangd"
targets = ["cfg(unix)", "x86_64-pc-windows-msvc"]
layout = "tree"
resources = ["**/lib/clang/**/*"]
"#),
    ("clash-rs", r#"# Rule-based network proxy
# https://github.com/Watfaq/clash-rs
[sidecar.clash-rs]
github = "Watfaq/clash-rs"
asset = { "x86_64-unknown-linux-gnu" = "clash-rs-{target}-static-crt" }
"#),
    ("cloudflared", r#"# Client of Cloudflare Tunnel
# https://github.com/cloudflare/cloudflared
[sidecar.cloudflared]
github = "cloudflare/cloudflared"
"#),
    ("codex", r#"# Coding agent that runs locally
# https://github.com/openai/codex
[sidecar.codex]
github = "openai/codex"
tag-prefix = "rust-"
"#),
    ("deno", r#"# Runtime for JavaScript and TypeScript
# https://deno.com
[sidecar.deno]
github = "denoland/deno"
"#),
    ("dnscrypt-proxy", r#"# DNS proxy with encrypted protocols
# https://dnscrypt.info
[sidecar.dnscrypt-proxy]
github = "DNSCrypt/dnscrypt-proxy"
"#),
    ("dolt", r#"# SQL database with branches and merges
# https://www.dolthub.com
[sidecar.dolt]
github = "dolthub/dolt"
"#),
    ("dragonfly", r#"# In-memory store with the protocol of Redis
# https://www.dragonflydb.io
[sidecar.dragonfly]
github = "dragonflydb/dragonfly"
"#),
    ("duckdb", r#"# SQL database for analytics in one program
# https://duckdb.org
[sidecar.duckdb]
github = "duckdb/duckdb"
"#),
    ("etcd", r#"# Distributed key-value store
# https://etcd.io
[sidecar.etcd]
github = "etcd-io/etcd"
"#),
    ("fd", r#"# Finds files and directories
# https://github.com/sharkdp/fd
[sidecar.fd]
github = "sharkdp/fd"
"#),
    ("ffmpeg", r#"# Converts audio and video; static builds under the GPL
# https://ffmpeg.org
[sidecar.ffmpeg]
github = "eugeneware/ffmpeg-static"
"#),
    ("ffprobe", r#"# Tells what is in audio and video files
# https://ffmpeg.org/ffprobe.html
[sidecar.ffprobe]
github = "eugeneware/ffmpeg-static"
"#),
    ("frpc", r#"# Fast reverse proxy: the client
# https://github.com/fatedier/frp
[sidecar.frpc]
github = "fatedier/frp"
bin = "**/frpc{exe}"
"#),
    ("frps", r#"# Fast reverse proxy: the server
# https://github.com/fatedier/frp
[sidecar.frps]
github = "fatedier/frp"
bin = "**/frps{exe}"
"#),
    ("fzf", r#"# Fuzzy finder for lists
# https://github.com/junegunn/fzf
[sidecar.fzf]
github = "junegunn/fzf"
"#),
    ("gh", r#"# GitHub on the command line
# https://cli.github.com
[sidecar.gh]
github = "cli/cli"
"#),
    ("git-lfs", r#"# Git extension for large files
# https://git-lfs.com
[sidecar.git-lfs]
github = "git-lfs/git-lfs"
"#),
    ("goose", r#"# AI agent on the command line
# https://github.com/block/goose
[sidecar.goose]
github = "block/goose"
"#),
    ("headscale", r#"# Control server for Tailscale clients
# https://headscale.net
[sidecar.headscale]
github = "juanfont/headscale"
"#),
    ("hugo", r#"# Static site generator
# https://gohugo.io
[sidecar.hugo]
github = "gohugoio/hugo"
"#),
    ("hysteria", r#"# Network proxy on QUIC
# https://hysteria.network
[sidecar.hysteria]
github = "apernet/hysteria"
tag-prefix = "app/"
"#),
    ("ipfs", r#"# Kubo: a node of IPFS
# https://github.com/ipfs/kubo
[sidecar.ipfs]
github = "ipfs/kubo"
"#),
    ("jq", r#"# Processes JSON on the command line
# https://jqlang.org
[sidecar.jq]
github = "jqlang/jq"
# There under the name of older releases as well.
asset = { "x86_64-apple-darwin" = "jq-macos-amd64" }
"#),
    ("just", r#"# Runs the commands of a project
# https://just.systems
[sidecar.just]
github = "casey/just"
"#),
    ("k3d", r#"# Runs k3s clusters in Docker
# https://k3d.io
[sidecar.k3d]
github = "k3d-io/k3d"
"#),
    ("litestream", r#"# Streams changes of SQLite databases to storage
# https://litestream.io
[sidecar.litestream]
github = "benbjohnson/litestream"
"#),
    ("llama-server", r#"# llama.cpp: serves language models over HTTP
# https://github.com/ggml-org/llama.cpp
[sidecar.llama-server]
github = "ggml-org/llama.cpp"
bin = "**/llama-server{exe}"
layout = "tree"
resources = ["**/*.so*", "**/*.dylib", "**/*.dll"]
"#),
    ("lua-language-server", r#"# Language server for Lua
# https://luals.github.io
[sidecar.lua-language-server]
github = "LuaLS/lua-language-server"
layout = "tree"
resources = ["main.lua", "debugger.lua", "bin/*", "locale/**/*", "meta/**/*", "script/**/*"]
"#),
    ("meilisearch", r#"# Search engine with an HTTP API
# https://www.meilisearch.com
[sidecar.meilisearch]
github = "meilisearch/meilisearch"
"#),
    ("meow", r#"# Rule-based network proxy in the manner of Clash
# https://github.com/madeye/meow-rs
[sidecar.meow]
github = "madeye/meow-rs"
"#),
    ("mihomo", r#"# Rule-based network proxy, the core of Clash apps
# https://github.com/MetaCubeX/mihomo
[sidecar.mihomo]
github = "MetaCubeX/mihomo"
[sidecar.mihomo.asset]
# Without a word they are for processors of level 3 (x86-64-v3); these run on all.
x86_64-unknown-linux-gnu = "mihomo-linux-amd64-compatible-{tag}.gz"
x86_64-apple-darwin = "mihomo-darwin-amd64-compatible-{tag}.gz"
x86_64-pc-windows-msvc = "mihomo-windows-amd64-compatible-{tag}.zip"
"#),
    ("nats-server", r#"# Message server of NATS
# https://nats.io
[sidecar.nats-server]
github = "nats-io/nats-server"
"#),
    ("nebula", r#"# Overlay network between hosts
# https://github.com/slackhq/nebula
[sidecar.nebula]
github = "slackhq/nebula"
"#),
    ("nyanpasu-service", r#"# Privileged service of Clash Nyanpasu
# https://github.com/libnyanpasu/nyanpasu-service
[sidecar.nyanpasu-service]
github = "libnyanpasu/nyanpasu-service"
"#),
    ("ollama", r#"# Runs language models locally
# https://ollama.com
[sidecar.ollama]
github = "ollama/ollama"
layout = "tree"
resources = ["lib/ollama/*", "*.so*", "*.dylib", "llama-*", "mlx_*/**/*"]
"#),
    ("opencode", r#"# Coding agent for the terminal
# https://opencode.ai
[sidecar.opencode]
github = "anomalyco/opencode"
"#),
    ("openlist", r#"# File lists over many kinds of storage
# https://github.com/OpenListTeam/OpenList
[sidecar.openlist]
github = "OpenListTeam/OpenList"
"#),
    ("pandoc", r#"# Converts between markup formats
# https://pandoc.org
[sidecar.pandoc]
github = "jgm/pandoc"
"#),
    ("piper", r#"# Text to speech
# https://github.com/rhasspy/piper
[sidecar.piper]
github = "rhasspy/piper"
layout = "tree"
resources = ["**/espeak-ng-data/**/*", "**/*.so*", "**/*.dylib", "**/*.dll", "**/*.ort"]
"#),
    ("pocketbase", r#"# Backend in one file: SQLite, accounts, files, admin pages
# https://pocketbase.io
[sidecar.pocketbase]
github = "pocketbase/pocketbase"
"#),
    ("postgres", r#"# PostgreSQL server
# https://github.com/theseus-rs/postgresql-binaries
[sidecar.postgres]
github = "theseus-rs/postgresql-binaries"
bin = "*/bin/postgres{exe}"
layout = "tree"
resources = ["*/bin/*", "*/lib/**/*", "*/share/**/*"]
"#),
    ("prometheus", r#"# Collects metrics and answers queries about them
# https://prometheus.io
[sidecar.prometheus]
github = "prometheus/prometheus"
"#),
    ("protoc", r#"# Compiler of Protocol Buffers
# https://protobuf.dev
[sidecar.protoc]
github = "protocolbuffers/protobuf"
layout = "tree"
resources = ["include/**/*"]
"#),
    ("qdrant", r#"# Vector database
# https://qdrant.tech
[sidecar.qdrant]
github = "qdrant/qdrant"
"#),
    ("rclone", r#"# Syncs files with cloud storage
# https://rclone.org
[sidecar.rclone]
github = "rclone/rclone"
"#),
    ("restic", r#"# Encrypted backups
# https://restic.net
[sidecar.restic]
github = "restic/restic"
"#),
    ("rg", r#"# ripgrep: searches files by regular expressions
# https://github.com/BurntSushi/ripgrep
[sidecar.rg]
github = "BurntSushi/ripgrep"
"#),
    ("rust-analyzer", r#"# Language server for Rust
# https://rust-analyzer.github.io
[sidecar.rust-analyzer]
github = "rust-lang/rust-analyzer"
"#),
    ("sccache", r#"# Caches what compilers make
# https://github.com/mozilla/sccache
[sidecar.sccache]
github = "mozilla/sccache"
"#),
    ("scrcpy", r#"# Shows and controls Android devices
# https://github.com/Genymobile/scrcpy
[sidecar.scrcpy]
github = "Genymobile/scrcpy"
layout = "tree"
resources = ["**/scrcpy-server", "**/adb*", "**/*.dll", "**/*.png"]
"#),
    ("sing-box", r#"# Universal network proxy
# https://sing-box.sagernet.org
[sidecar.sing-box]
github = "SagerNet/sing-box"
"#),
    ("surreal", r#"# SurrealDB: database for documents, graphs and tables
# https://surrealdb.com
[sidecar.surreal]
github = "surrealdb/surrealdb"
"#),
    ("syncthing", r#"# Synchronises files between devices
# https://syncthing.net
[sidecar.syncthing]
github = "syncthing/syncthing"
"#),
    ("tailwindcss", r#"# Tailwind CSS on the command line
# https://tailwindcss.com
[sidecar.tailwindcss]
github = "tailwindlabs/tailwindcss"
"#),
    ("tectonic", r#"# Typesets TeX documents
# https://tectonic-typesetting.github.io
[sidecar.tectonic]
github = "tectonic-typesetting/tectonic"
tag-prefix = "tectonic@"
"#),
    ("tesseract", r#"# Reads text in images; static build for Linux
# https://github.com/DanielMYT/tesseract-static
[sidecar.tesseract]
github = "DanielMYT/tesseract-static"
asset = { "x86_64-unknown-linux-gnu" = "tesseract" }
"#),
    ("traefik", r#"# Reverse proxy for HTTP and TCP
# https://traefik.io
[sidecar.traefik]
github = "traefik/traefik"
"#),
    ("typst", r#"# Typesets documents from markup
# https://typst.app
[sidecar.typst]
github = "typst/typst"
"#),
    ("upx", r#"# Packs executables
# https://upx.github.io
[sidecar.upx]
github = "upx/upx"
"#),
    ("uv", r#"# Package and project manager for Python
# https://docs.astral.sh/uv
[sidecar.uv]
github = "astral-sh/uv"
"#),
    ("uvx", r#"# Runs Python tools without installing them; needs `uv`
# https://docs.astral.sh/uv
[sidecar.uvx]
github = "astral-sh/uv"
bin = "**/uvx{exe}"
"#),
    ("v2ray", r#"# Network proxy
# https://www.v2fly.org
[sidecar.v2ray]
github = "v2fly/v2ray-core"
layout = "tree"
resources = ["*.dat"]
"#),
    ("vector", r#"# Collects and routes logs and metrics
# https://vector.dev
[sidecar.vector]
github = "vectordotdev/vector"
"#),
    ("whisper-cli", r#"# whisper.cpp: turns speech into text
# https://github.com/ggml-org/whisper.cpp
[sidecar.whisper-cli]
github = "ggml-org/whisper.cpp"
bin = "**/whisper-cli{exe}"
# Says no system.
asset = { "x86_64-pc-windows-msvc" = "whisper-bin-x64.zip" }
layout = "tree"
resources = ["**/*.so*", "**/*.dll"]
"#),
    ("xray", r#"# Network proxy
# https://xtls.github.io
[sidecar.xray]
github = "XTLS/Xray-core"
layout = "tree"
resources = ["*.dat"]
"#),
    ("yq", r#"# Processes YAML, JSON and XML on the command line
# https://mikefarah.gitbook.io/yq
[sidecar.yq]
github = "mikefarah/yq"
"#),
    ("yt-dlp", r#"# Downloads video and audio
# https://github.com/yt-dlp/yt-dlp
[sidecar.yt-dlp]
github = "yt-dlp/yt-dlp"
[sidecar.yt-dlp.asset]
# The archives hold a program that needs the files beside it; these need none.
"cfg(target_os = \"macos\")" = "yt-dlp_macos"
x86_64-unknown-linux-gnu = "yt-dlp_linux"
aarch64-unknown-linux-gnu = "yt-dlp_linux_aarch64"
x86_64-pc-windows-msvc = "yt-dlp.exe"
aarch64-pc-windows-msvc = "yt-dlp_arm64.exe"
"#),
];
