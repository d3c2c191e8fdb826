// Pages of `rota help` that are about no single command.

internal import Vocabulary

/// What `rota help` explains besides commands.
enum HelpTopic: String, CaseIterable {
    case exitCodes = "exit-codes"
    case environment
    case formats
    case schedules

    var text: String {
        switch self {
        case .exitCodes: Self.exitCodesText
        case .environment: Self.environmentText
        case .formats: Self.formatsText
        case .schedules: Self.schedulesText
        }
    }

    private static var exitCodesText: String {
        var text = "Exit codes of rota:\n\n"
        for code in ExitCode.allCases {
            let number = "\(code.rawValue)"
            let gap = String(repeating: " ", count: 5 - number.count)
            text += "  \(number)\(gap)\(code.meaning)\n"
        }
        return text
    }

    private static let environmentText = """
        Options come before the environment, the environment before the context, and the
        context before what is built in.

          ROTA_CONTEXT     the context to use instead of the current one
          ROTA_URL         masters to ask, in order, divided by commas
          ROTA_TENANT      whose jobs
          ROTA_TOKEN_FILE  a file of mode 0600 with the token
          ROTA_TOKEN       the token itself; a file is safer
          TZ               the zone times are shown in
          NO_COLOR         no colours; CLICOLOR_FORCE and FORCE_COLOR: always
          VISUAL, EDITOR   the editor of job edit
          XDG_CONFIG_HOME  where contexts are kept: rota/contexts.json
          XDG_STATE_HOME   where texts of failed edits are kept: rota/

        Without any of them the master is http://127.0.0.1:8470.

        """

    private static let formatsText = """
        Forms of output, by -o:

          table  for people; columns may change with any release
          wide   the same with more columns
          json   exactly what the API answers; lists under "items"
          jsonl  one object a line
          yaml   the same as YAML
          name   kind/name, one a line

        run logs prints each line as such an object. While job run --follow prints the run for
        programs, its log goes to standard error.

        Where standard output is no terminal there are no colours, nothing is shortened, and
        times are whole. Data goes to standard output, everything else to standard error.

        """

    private static let schedulesText = """
        Schedules:

          0 3 * * *            minute, hour, day of month, month, day of week
          30 0 3 * * *         with seconds before them
          0 0 9 * * MON 2027   and with a year after them
          H 3 * * *            a minute of the job's own, to spread load
          0 9 L * *            L: last day; LW: last weekday; 15W: weekday nearest the 15th
          0 9 * * MON#1        the first Monday; FRIL: the last Friday
          @daily               @hourly, @weekly, @monthly, @yearly
          @every 90s           on a grid that never moves
          @at 2026-11-21T03:00:00Z

        Options of job add, job next --expr and job explain:

          --jitter 5m          each job its own part of five minutes later, always the same
          --dst-gap skip       what clocks skip: next (the default of fixed times), skip
          --dst-overlap both   what clocks repeat: first (that default), last, both

        A job's spec may have calendar: {only: NAME, except: [NAME], shift: next}; calendars
        come from rota calendar import, or from manifests of kind calendar.

        Both days restricted: either is enough, as in cron; +FRI: both must match. @reboot has
        no equal in a cluster. Try one: rota job next --expr '0 9 L * *' --tz Asia/Shanghai

        """
}
