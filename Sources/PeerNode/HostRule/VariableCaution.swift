// Variables that change which code a program runs.

/// Knows the variables by which a harmless program can be made to run something else.
///
/// No such list is ever whole; an owner who lists programs knows those best that run scripts.
enum VariableCaution {
    private static let prefixes = ["LD_", "BASH_FUNC_", "DYLD_", "GIT_"]
    private static let names: Set = [
        // The loader, the C library, and where programs are found.
        "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH", "PATH", "TERMINFO",
        // Shells.
        "BASHOPTS", "BASH_ENV", "ENV", "FPATH", "IFS", "PROMPT_COMMAND", "PS4", "SHELLOPTS",
        "ZDOTDIR",
        // Languages.
        "CLASSPATH", "GEM_HOME", "GEM_PATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "LUA_CPATH",
        "LUA_INIT", "LUA_PATH", "NODE_OPTIONS", "NODE_PATH", "PERL5DB", "PERL5LIB", "PERL5OPT",
        "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR", "PYTHONHOME", "PYTHONINSPECT", "PYTHONPATH",
        "PYTHONSTARTUP", "PYTHONUSERBASE", "RUBYLIB", "RUBYOPT", "TCLLIBPATH", "_JAVA_OPTIONS",
        // Programs that start what a variable names.
        "EDITOR", "LESSOPEN", "MANPAGER", "PAGER", "RSYNC_CONNECT_PROG", "RSYNC_RSH", "SSH_ASKPASS",
        "SUDO_ASKPASS", "TAR_OPTIONS", "VISUAL",
        // Libraries that load others.
        "ODBCINI", "ODBCINSTINI", "ODBCSYSINI", "OPENSSL_CONF", "OPENSSL_ENGINES",
        "OPENSSL_MODULES",
    ]

    static func bringsCode(_ name: String) -> Bool {
        names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }
}
