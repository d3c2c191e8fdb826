// Quartz 2.3.2 as a rival: one trigger a second, whose job starts one command. Lag SECONDS COMMAND
import java.util.Map;
import org.quartz.CronScheduleBuilder;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.TriggerBuilder;
import org.quartz.impl.StdSchedulerFactory;

public class Lag {
    static String command;

    public static class Start implements Job {
        @Override
        public void execute(JobExecutionContext context) {
            try {
                ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command);
                Map<String, String> environment = builder.environment();
                environment.put("ROTA_JOB", "quartz");
                environment.put("ROTA_SCHEDULED_AT", context.getScheduledFireTime().toInstant().toString());
                builder.start().waitFor();
            } catch (Exception error) {
                System.err.println("Lag: " + error);
            }
        }
    }

    public static void main(String[] words) throws Exception {
        command = words[1];
        Scheduler scheduler = StdSchedulerFactory.getDefaultScheduler();
        scheduler.scheduleJob(
            JobBuilder.newJob(Start.class).build(),
            TriggerBuilder.newTrigger().withSchedule(CronScheduleBuilder.cronSchedule("* * * * * ?")).build());
        scheduler.start();
        Thread.sleep(Long.parseLong(words[0]) * 1000);
        scheduler.shutdown(true);
    }
}
