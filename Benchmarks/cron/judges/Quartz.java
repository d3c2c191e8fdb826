// The judge that asks Quartz 2.3.2 (`org.quartz.CronExpression`), the scheduler of the Java world.
//
// Dialect: Quartz wants seconds first, `?` in exactly one of the day fields, and counts Sunday as 1.
// So `0 ` goes in front of five fields; a day field that is `*` or `?` becomes `?` (day of month
// stays `*` if both are); numbers in day of week grow by one, 7 counting as 0, but for a trailing 7
// of a range that begins with 0, which is the whole week. Texts that restrict both day fields, and
// macros and `CRON_TZ=`, which it has not, are rejections; so are L, W and # in lists, which its
// documentation forbids and its parser takes to mean something else. Its endless loops end after a deadline,
// and an answer that does not advance counts as a hang too.
//
// Answers (see ../README.md for the protocol):  Quartz
// Measures:                                     Quartz bench MODE ZONE
import java.io.*;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.text.ParseException;
import java.util.*;
import java.util.concurrent.*;
import org.quartz.CronExpression;

public final class Quartz {
    /** Of processor time: a busy machine must not look like an endless loop. */
    private static final long DEADLINE_IN_NANOSECONDS = 2_000_000_000L;
    /** How long everything is run before it is measured. */
    private static final long WARM_UP_IN_NANOSECONDS = 2_000_000_000L;

    static CronExpression parse(String text, TimeZone zone) throws ParseException {
        CronExpression cron = new CronExpression(translate(text));
        cron.setTimeZone(zone);
        return cron;
    }

    static String translate(String text) throws ParseException {
        List<String> fields = new ArrayList<>(Arrays.asList(text.trim().split("[ \t]+")));
        if (fields.size() == 5) fields.add(0, "0");
        if (fields.size() < 6 || fields.size() > 7 || text.contains("=")) {
            throw new ParseException("not a Quartz expression", 0);
        }
        boolean anyDate = isAny(fields.get(3));
        boolean anyWeekday = isAny(fields.get(5));
        if (anyWeekday) {
            fields.set(3, anyDate ? "*" : fields.get(3));
            fields.set(5, "?");
        } else if (anyDate) {
            fields.set(3, "?");
            StringJoiner items = new StringJoiner(",");
            for (String item : fields.get(5).split(",", -1)) items.add(translateItem(item));
            fields.set(5, items.toString());
        } else {
            throw new ParseException("both day fields are restricted", 0);
        }
        if (hasSpecial(fields.get(3), "[LW]") || hasSpecial(fields.get(5), "[L#]")) {
            throw new ParseException("a list with L, W or #", 0);
        }
        return String.join(" ", fields);
    }

    private static boolean hasSpecial(String field, String letters) {
        return field.contains(",") && field.toUpperCase(Locale.ROOT).matches(".*" + letters + ".*");
    }

    private static boolean isAny(String field) { return field.equals("*") || field.equals("?"); }

    private static String translateItem(String item) {
        int slash = item.indexOf('/');
        String step = slash < 0 ? "" : item.substring(slash);
        String values = slash < 0 ? item : item.substring(0, slash);
        int hyphen = values.indexOf('-');
        if (hyphen < 0) return translateDay(values) + step;
        String low = translateDay(values.substring(0, hyphen));
        String high = values.substring(hyphen + 1);
        boolean isWeek = low.equals("1") && isSeven(high) && !isSeven(values.substring(0, hyphen));
        return low + "-" + (isWeek ? "7" : translateDay(high)) + step;
    }

    private static boolean isSeven(String day) { return day.matches("0*7"); }

    /** A number in front, if there is one, by one larger. */
    private static String translateDay(String day) {
        int end = 0;
        while (end < day.length() && Character.isDigit(day.charAt(end))) end += 1;
        if (end == 0 || end > 9) return day;
        int number = Integer.parseInt(day.substring(0, end));
        return (number == 7 ? 1 : number + 1) + day.substring(end);
    }

    // Answering.

    static void answer(String[] question, BlockingQueue<String> fires) {
        CronExpression cron;
        try {
            cron = parse(question[4], TimeZone.getTimeZone(question[1]));
        } catch (ParseException | RuntimeException error) {
            fires.add("rejected");
            return;
        }
        Date at = new Date(Long.parseLong(question[2]) * 1000);
        for (int count = Integer.parseInt(question[3]); count > 0; count--) {
            Date next = cron.getTimeAfter(at);
            if (next == null || !next.after(at)) {
                fires.add(next == null ? "end" : "hang");
                return;
            }
            at = next;
            fires.add(Long.toString(Math.floorDiv(at.getTime(), 1000L)));
        }
        fires.add("");
    }

    @SuppressWarnings({"deprecation", "removal"})
    private static void judge() throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
        PrintStream buffered = new PrintStream(new BufferedOutputStream(out, 1 << 16));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        buffered.println("judge\tQuartz 2.3.2");
        BlockingQueue<String[]> questions = new LinkedBlockingQueue<>();
        BlockingQueue<String> fires = new LinkedBlockingQueue<>();
        Thread worker = startWorker(questions, fires);
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] question = line.split("\t", -1);
            StringBuilder answer = new StringBuilder(question[0]);
            questions.add(question);
            long due = threads.getThreadCpuTime(worker.getId()) + DEADLINE_IN_NANOSECONDS;
            while (true) {
                String word = fires.poll(200, TimeUnit.MILLISECONDS);
                if (word == null) {
                    if (threads.getThreadCpuTime(worker.getId()) < due) continue;
                    word = "hang";
                    worker.stop();
                    fires = new LinkedBlockingQueue<>();
                    worker = startWorker(questions, fires);
                }
                if (!word.isEmpty()) answer.append('\t').append(word);
                if (word.isEmpty() || !Character.isDigit(word.charAt(word.length() - 1))) break;
            }
            buffered.println(answer);
        }
        buffered.flush();
        System.exit(0);
    }

    private static Thread startWorker(
            BlockingQueue<String[]> questions, BlockingQueue<String> fires) {
        Thread worker = new Thread(() -> {
            try {
                while (true) {
                    try {
                        answer(questions.take(), fires);
                    } catch (RuntimeException error) {
                        fires.add("crash");
                    }
                }
            } catch (InterruptedException end) {
                return;
            }
        });
        worker.setDaemon(true);
        worker.start();
        return worker;
    }

    // Measuring.

    private interface Pass { long run() throws Exception; }

    private static long mix(long sum, Date at) { return (sum ^ at.getTime() / 1000) * 1099511628211L; }

    private static Pass makePass(String mode, String text, Date[] instants, TimeZone zone)
            throws Exception {
        CronExpression cron = parse(text, zone);
        switch (mode) {
            case "chain":
                return () -> {
                    long sum = 0;
                    Date at = instants[0];
                    for (int step = 0; step < instants.length; step++) {
                        at = cron.getTimeAfter(at);
                        sum = mix(sum, at);
                    }
                    return sum;
                };
            case "random":
                return () -> {
                    long sum = 0;
                    for (Date at : instants) sum = mix(sum, cron.getTimeAfter(at));
                    return sum;
                };
            case "parse":
                String translated = translate(text);
                return () -> {
                    CronExpression parsed = null;
                    for (int step = 0; step < instants.length; step++) {
                        parsed = new CronExpression(translated);
                    }
                    parsed.setTimeZone(zone);
                    return mix(0, parsed.getTimeAfter(instants[0]));
                };
            default:
                throw new IllegalArgumentException(mode);
        }
    }

    private static void bench(String mode, String zoneName) throws Exception {
        TimeZone zone = TimeZone.getTimeZone(zoneName);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        Date[] instants = Arrays.stream(in.readLine().split(" "))
                .map(word -> new Date(Long.parseLong(word) * 1000)).toArray(Date[]::new);
        List<Pass> passes = new ArrayList<>();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            passes.add(makePass(mode, line, instants, zone));
        }
        long sums = 0;
        long warm = System.nanoTime() + WARM_UP_IN_NANOSECONDS;
        do {
            sums = 0;
            for (Pass pass : passes) sums = sums * 31 + pass.run();
        } while (System.nanoTime() < warm);
        double[] figures = new double[passes.size()];
        for (int place = 0; place < figures.length; place++) {
            long best = Long.MAX_VALUE;
            long begun = System.nanoTime();
            for (int count = 0; count < 5 || System.nanoTime() - begun < 20_000_000; count++) {
                long started = System.nanoTime();
                passes.get(place).run();
                best = Math.min(best, System.nanoTime() - started);
            }
            figures[place] = best / (double) instants.length;
        }
        Arrays.sort(figures);
        System.out.printf(
                Locale.ROOT, "%.1f\t%.1f\t%016x%n",
                figures[figures.length / 2], figures[figures.length - 1], sums);
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 3 && arguments[0].equals("bench")) {
            bench(arguments[1], arguments[2]);
        } else {
            judge();
        }
    }
}
