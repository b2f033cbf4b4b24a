/** Field numbers of events.v1; read by `messages.ts`, which explains the notation. */
export const eventsFields = `
package events.v1 events.k8s.io/v1
Event metadata=1:!meta.ObjectMeta eventTime=2:!meta.MicroTime series=3:EventSeries reportingController=4:string reportingInstance=5:string action=6:string reason=7:string regarding=8:!core.v1.ObjectReference related=9:core.v1.ObjectReference note=10:string type=11:string deprecatedSource=12:!core.v1.EventSource deprecatedFirstTimestamp=13:!meta.Time deprecatedLastTimestamp=14:!meta.Time deprecatedCount=15:int32
EventSeries count=1:int32 lastObservedTime=2:!meta.MicroTime
`;
