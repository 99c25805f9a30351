import { init, use, dispose, getInstanceByDom } from "echarts/core";
import { BarChart, LineChart, FunnelChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";
use([BarChart, LineChart, FunnelChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);
export { init, dispose, getInstanceByDom };
