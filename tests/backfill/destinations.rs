//! `--output` of every command that writes a document: what is named is afterwards what it was before,
//! a file with other content, or a pipe, a device or a link as ever.

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use kpi_exporter::limits::read_capped;

use crate::program::said;

const COMMANDS: [&[&str]; 4] = [
    &["backfill", "--from", "2026-04-01", "--to", "2026-04-02"],
    &["backfill", "--from", "2026-04-01", "--to", "2026-04-02", "--format", "jsonl"],
    &["generate", "rules"],
    &["generate", "prometheus-rule"],
];

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kpi-exporter"));
    command.env_remove("KPI_EXPORTER_CONFIG").env_remove("RUST_BACKTRACE").args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn to(arguments: &[&str], path: &Path) -> Output {
    run(&[arguments, &["--output", path.to_str().unwrap()]].concat())
}

/// What a command writes to standard output.
fn document(arguments: &[&str]) -> String {
    let (code, document, stderr) = said(&run(arguments));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(!document.is_empty());
    document
}

fn read(path: &Path) -> String {
    String::from_utf8(read_capped(path, 1 << 20).unwrap()).unwrap()
}

const SILENT: (Option<i32>, String, String) = (Some(0), String::new(), String::new());

#[test]
fn a_dash_and_the_device_of_it_are_standard_output() {
    for arguments in COMMANDS {
        let document = document(arguments);
        for name in ["-", "/dev/stdout", "/dev/fd/1"] {
            let (code, stdout, stderr) = said(&to(arguments, Path::new(name)));
            assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?} {name}");
            assert!(stdout == document, "{arguments:?} {name}");
        }
        assert!(!Path::new("-").exists(), "a file of this name");
        // As a shell appends to a file: the device is then a regular file, and nothing is replaced.
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(&log, "before\n").unwrap();
        let inode = fs::metadata(&log).unwrap().ino();
        let mut command = command(arguments);
        let out = File::options().append(true).open(&log).unwrap();
        let status = command.args(["--output", "/dev/stdout"]).stdout(out).status().unwrap();
        assert!(status.success());
        assert!(read(&log) == format!("before\n{document}"), "{arguments:?}");
        assert_eq!(fs::metadata(&log).unwrap().ino(), inode);
    }
}

#[test]
fn a_pipe_is_written_to_and_stays_one() {
    for arguments in COMMANDS {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let link = folder.path().join("link");
        symlink("pipe", &link).unwrap();
        for name in [&pipe, &link] {
            let reader = pipe.clone();
            let reader = std::thread::spawn(move || {
                let mut text = String::new();
                File::open(reader).unwrap().take(1 << 20).read_to_string(&mut text).unwrap();
                text
            });
            assert_eq!(said(&to(arguments, name)), SILENT, "{arguments:?}");
            assert!(reader.join().unwrap() == document(arguments), "{arguments:?}");
            assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo(), "{arguments:?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing beside it");
    }
}

#[test]
fn a_device_is_written_to_and_stays_one() {
    for arguments in COMMANDS {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("/dev/null", &link).unwrap();
        for name in [Path::new("/dev/null"), &link] {
            assert_eq!(said(&to(arguments, name)), SILENT, "{arguments:?}");
        }
        let full = Path::new("/dev/full");
        let (code, _, stderr) = said(&to(arguments, full));
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(stderr.contains("No space left on device"), "{stderr}");
        for device in ["/dev/null", "/dev/full"] {
            let found = fs::symlink_metadata(device).unwrap();
            assert!(found.file_type().is_char_device(), "{device} after {arguments:?}");
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

#[test]
fn links_are_followed_to_a_file_that_is_there_or_not() {
    for arguments in COMMANDS {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("old"), "").unwrap();
        symlink("inside", folder.path().join("folder")).unwrap();
        for (name, leads_to) in [("one", "folder/old"), ("two", "one"), ("new", "inside/new")] {
            let link = folder.path().join(name);
            symlink(leads_to, &link).unwrap();
            assert_eq!(said(&to(arguments, &link)), SILENT, "{arguments:?} {name}");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{arguments:?} {name}");
            assert!(read(&link) == document(arguments), "{arguments:?} {name}");
        }
        assert_eq!(fs::read_dir(&inside).unwrap().count(), 2, "nothing beside them");
        let circle = folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        let (code, _, stderr) = said(&to(arguments, &circle));
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(stderr.contains("circle") && stderr.contains("links"), "{stderr}");
    }
}

#[test]
fn a_file_that_is_replaced_keeps_mode_and_owner() {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    for arguments in COMMANDS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let owner = if is_root { 4321 } else { fs::metadata(&file).unwrap().uid() };
        if is_root {
            chown(&file, Some(owner), Some(owner)).unwrap();
        }
        assert_eq!(said(&to(arguments, &file)), SILENT);
        let found = fs::metadata(&file).unwrap();
        assert_eq!((found.mode() & 0o7777, found.uid()), (0o640, owner), "{arguments:?}");
        assert!(read(&file) == document(arguments), "{arguments:?}");
    }
}

/// As a user who may write the file but not its folder, like the only file that a container has from
/// outside; and as one who may neither.
#[test]
fn a_folder_that_takes_no_files_leaves_the_file_in_place_or_an_error() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        // Only root can become another user, and another user need not.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    // The program lies where not everybody may look.
    let program = folder.path().join("program");
    fs::copy(env!("CARGO_BIN_EXE_kpi-exporter"), &program).unwrap();
    let rules = |name: &Path| {
        Command::new("setpriv")
            .args(["--reuid=4321", "--regid=4321", "--clear-groups"])
            .arg(&program)
            .args(["generate", "rules", "--output"])
            .arg(name)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let file = folder.path().join("file");
    fs::write(&file, "longer than nothing").unwrap();
    chown(&file, Some(4321), None).unwrap();
    assert_eq!(said(&rules(&file)), SILENT);
    assert!(read(&file) == document(&["generate", "rules"]));

    fs::write(&file, "not yours").unwrap();
    chown(&file, Some(0), None).unwrap();
    for (name, is_there) in [("file", true), ("other", false)] {
        let (code, _, stderr) = said(&rules(Path::new(name)));
        assert_eq!(code, Some(1));
        let told = format!("cannot write {name}");
        assert!(stderr.contains(&told) && stderr.contains("denied"), "{stderr}");
        assert_eq!(folder.path().join(name).exists(), is_there);
    }
    assert_eq!(read(&file), "not yours");
}

#[test]
fn a_folder_is_no_file_and_a_pipe_is_nothing_to_compare_with() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in COMMANDS {
        let (code, _, stderr) = said(&to(arguments, folder.path()));
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(stderr.contains("is a directory"), "{stderr}");
    }
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for name in [pipe.as_path(), Path::new("-"), Path::new("/dev/null")] {
        let (code, _, stderr) = said(&to(&["generate", "rules", "--check"], name));
        assert_eq!(code, Some(1));
        assert!(stderr.contains("--check compares with a file"), "{stderr}");
    }
}
